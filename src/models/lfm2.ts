/**
 * LFM2: gated short convolutions with attention at a few depths, each followed by a gated MLP.
 *
 * Source: transformers `models/lfm2`; checkpoints LiquidAI/LFM2-350M, -700M, -1.2B, -2.6B.
 * Golden: test/golden/lfm2-*, from training/golden.py.
 */
import type { ConfigReader } from "../core/config-reader.ts";
import { attention, gatedMlp, rotaryConfig, shortConv } from "../layers/index.ts";
import { type Architecture, residual } from "./architecture.ts";
import { lfm2Gguf } from "./hybrid-gguf.ts";
import { layerTypes } from "./layer-types.ts";

export const lfm2: Architecture = {
  type: "lfm2",
  read(json) {
    const D = json.int("hidden_size", 2560);
    const epsilon = json.number("norm_eps", 1e-5);
    const Hq = json.int("num_attention_heads", 32);
    const P = json.int("head_dim", Math.floor(D / Hq));
    const mixer = (at: string, layer: number) => ({
      layer,
      D,
      Hq,
      Hkv: json.int("num_key_value_heads", 8),
      P,
      rotary: rotaryConfig(json, P, { theta: 1_000_000, partial: 1 }),
      headNorm: { q: `${at}.q_layernorm.weight`, k: `${at}.k_layernorm.weight`, epsilon },
      bias: false,
      outputBias: false,
      output: "out_proj",
    });
    const convolution = { D, K: json.int("conv_L_cache", 3, 2), bias: json.boolean("conv_bias", false) };
    const mlp = { D, I: innerWidth(json), bias: false, names: { gateUp: ["w1", "w3"], down: "w2" } };
    return {
      D,
      V: json.int("vocab_size", 65_536),
      epsilon,
      contextLength: json.int("max_position_embeddings", 128_000),
      tied: json.boolean("tie_embedding", json.boolean("tie_word_embeddings", true)),
      names: { embedding: "model.embed_tokens.weight", norm: "model.embedding_norm.weight", head: "lm_head.weight" },
      blocks: mixers(json).flatMap((type, i) => {
        const at = `model.layers.${i}`;
        const own =
          type === "conv"
            ? shortConv(`${at}.conv`, convolution)
            : attention(`${at}.self_attn`, mixer(`${at}.self_attn`, i));
        return [
          residual(`${at}.operator_norm.weight`, D, own),
          residual(`${at}.ffn_norm.weight`, D, gatedMlp(`${at}.feed_forward`, mlp)),
        ];
      }),
    };
  },
  gguf: lfm2Gguf,
};

/** From a list of types, or of the depths that have attention. */
function mixers(json: ConfigReader): ("conv" | "attention")[] {
  const depth = json.depth(32);
  if (json.has("layer_types") || !json.has("full_attn_idxs"))
    return layerTypes(json, ["conv", "attention"], depth, "attention");
  const attentionAt = new Set(json.ints("full_attn_idxs"));
  return Array.from({ length: depth }, (_, i) => (attentionAt.has(i) ? "attention" : "conv"));
}

/** The config holds a width before its adjustment: two thirds, times a factor, up to a multiple. */
function innerWidth(json: ConfigReader): number {
  const stated = json.int("block_ff_dim", json.int("intermediate_size", 12_288));
  if (!json.boolean("block_auto_adjust_ff_dim", true)) return stated;
  const reduced = Math.trunc((2 * stated) / 3);
  if (json.isNull("block_ffn_dim_multiplier")) return reduced;
  const multiple = json.int("block_multiple_of", 256);
  return multiple * Math.ceil(Math.trunc(json.number("block_ffn_dim_multiplier", 1) * reduced) / multiple);
}
