/**
 * Llama: grouped-query attention and a gated MLP in every layer (Llama 2 and 3, SmolLM2, and others of that shape).
 *
 * Source: transformers `models/llama`. Golden: test/golden/llama-*, from training/golden.py.
 */
import { attention, gatedMlp, rotaryConfig } from "../layers/index.ts";
import { type Architecture, residual } from "./architecture.ts";
import { transformerGguf } from "./gguf-spelling.ts";

export const llama: Architecture = {
  type: "llama",
  read(json) {
    json.oneOf("hidden_act", ["silu"], "silu");
    const D = json.int("hidden_size", 4096);
    const Hq = json.int("num_attention_heads", 32);
    const P = json.int("head_dim", Math.floor(D / Hq));
    const bias = json.boolean("attention_bias", false);
    const mixer = {
      D,
      Hq,
      Hkv: json.int("num_key_value_heads", Hq),
      P,
      rotary: rotaryConfig(json, P, { theta: 10_000, partial: 1 }),
      bias,
      outputBias: bias,
    };
    const mlp = { D, I: json.int("intermediate_size", 11_008), bias: json.boolean("mlp_bias", false) };
    const depth = json.depth(32);
    return {
      D,
      V: json.int("vocab_size", 32_000),
      epsilon: json.number("rms_norm_eps", 1e-6),
      contextLength: json.int("max_position_embeddings", 2048),
      tied: json.boolean("tie_word_embeddings", false),
      names: { embedding: "model.embed_tokens.weight", norm: "model.norm.weight", head: "lm_head.weight" },
      blocks: Array.from({ length: depth }, (_, i) => `model.layers.${i}`).flatMap((at, layer) => [
        residual(`${at}.input_layernorm.weight`, D, attention(`${at}.self_attn`, { ...mixer, layer })),
        residual(`${at}.post_attention_layernorm.weight`, D, gatedMlp(`${at}.mlp`, mlp)),
      ]),
    };
  },
  gguf: transformerGguf({ architecture: "llama", type: "llama", turnedRows: true }),
};
