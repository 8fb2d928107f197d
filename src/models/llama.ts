/**
 * Llama: grouped-query attention and a gated MLP in every layer (Llama 2 and 3, SmolLM2, and others of that shape).
 *
 * Source: transformers `models/llama`. Golden: test/golden/llama-*, from training/golden.py.
 */
import { attention, gatedMlp, rotaryConfig } from "../layers/index.ts";
import { type Architecture, type Gguf, residual } from "./architecture.ts";

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
  gguf: llamaGguf(),
};

/** GGUF's spelling. Source: llama.cpp `gguf-py/gguf/tensor_mapping.py`, `convert_hf_to_gguf.py` (`LlamaModel.permute`). */
function llamaGguf(): Gguf {
  const outer: Record<string, string> = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
  };
  const inner: Record<string, string> = {
    input_layernorm: "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    post_attention_layernorm: "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
  };
  return {
    architecture: "llama",
    config(meta) {
      const heads = meta.get("llama.attention.head_count");
      const scaling = meta.get("llama.rope.scaling.type");
      return {
        model_type: "llama",
        hidden_size: meta.get("llama.embedding_length"),
        num_hidden_layers: meta.get("llama.block_count"),
        num_attention_heads: heads,
        num_key_value_heads: meta.get("llama.attention.head_count_kv") ?? heads,
        ...(meta.has("llama.attention.key_length") ? { head_dim: meta.get("llama.attention.key_length") } : {}),
        intermediate_size: meta.get("llama.feed_forward_length"),
        max_position_embeddings: meta.get("llama.context_length"),
        rms_norm_eps: meta.get("llama.attention.layer_norm_rms_epsilon"),
        rope_theta: meta.get("llama.rope.freq_base") ?? 10_000,
        ...(scaling && scaling !== "none"
          ? { rope_scaling: { rope_type: scaling, factor: meta.get("llama.rope.scaling.factor") } }
          : {}),
        vocab_size:
          meta.get("llama.vocab_size") ?? (meta.get("tokenizer.ggml.tokens") as unknown[] | undefined)?.length,
      };
    },
    tensor(name) {
      const layer = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
      if (!layer) return outer[name];
      const [, index, part, kind] = layer;
      return inner[part!] ? `blk.${index}.${inner[part!]}.${kind}` : undefined;
    },
    row(name, config) {
      // Files hold q and k with the two halves of each head interleaved; the checkpoint has them one after the other.
      const part = /\.self_attn\.([qk])_proj\./.exec(name)?.[1];
      if (!part) return undefined;
      const Hq = Number(config.num_attention_heads);
      const P = Number(config.head_dim ?? Number(config.hidden_size) / Hq);
      return (row) => {
        const at = row % P;
        return row - at + (at < P / 2 ? 2 * at : 2 * (at - P / 2) + 1);
      };
    },
  };
}
