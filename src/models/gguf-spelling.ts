/**
 * transformerGguf: how GGUF files spell a transformer of the Llama line.
 *
 * Source: llama.cpp `gguf-py/gguf/tensor_mapping.py`, and its converters (`LlamaModel.permute`, `Gemma3Model`).
 */
import type { Gguf } from "./architecture.ts";

type Meta = ReadonlyMap<string, unknown>;

export interface TransformerGguf {
  /** `general.architecture`, which is also the prefix of the metadata's keys. */
  architecture: string;
  /** `model_type` of config.json. */
  type: string;
  /** Files hold q and k with the two halves of each head interleaved; the checkpoint has them one after the other. */
  turnedRows?: boolean;
  /** Files hold the weights of norms as they multiply; the checkpoint as their distance from one. */
  normsFromOne?: boolean;
  /** Names of a layer's parts beside the common ones, or in their place. */
  parts?: Readonly<Record<string, string>>;
  /** Further fields of config.json; `get` reads a key without its prefix. */
  more?(get: (key: string) => unknown, meta: Meta): Record<string, unknown>;
}

const outer: Readonly<Record<string, string>> = {
  "model.embed_tokens.weight": "token_embd.weight",
  "model.norm.weight": "output_norm.weight",
  "lm_head.weight": "output.weight",
};

const common: Readonly<Record<string, string>> = {
  input_layernorm: "attn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "self_attn.q_norm": "attn_q_norm",
  "self_attn.k_norm": "attn_k_norm",
  post_attention_layernorm: "ffn_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

export function transformerGguf(spelling: TransformerGguf): Gguf {
  const { architecture, type } = spelling;
  const parts = { ...common, ...spelling.parts };
  return {
    architecture,
    config(meta) {
      const get = (key: string) => meta.get(`${architecture}.${key}`);
      const heads = get("attention.head_count");
      const scaling = get("rope.scaling.type");
      return {
        model_type: type,
        hidden_size: get("embedding_length"),
        num_hidden_layers: get("block_count"),
        num_attention_heads: heads,
        num_key_value_heads: get("attention.head_count_kv") ?? heads,
        ...headWidth(get),
        intermediate_size: get("feed_forward_length"),
        max_position_embeddings: get("context_length"),
        rms_norm_eps: get("attention.layer_norm_rms_epsilon"),
        rope_theta: get("rope.freq_base") ?? 10_000,
        ...(scaling && scaling !== "none"
          ? { rope_scaling: { rope_type: scaling, factor: get("rope.scaling.factor") } }
          : {}),
        vocab_size: get("vocab_size") ?? (meta.get("tokenizer.ggml.tokens") as unknown[] | undefined)?.length,
        ...spelling.more?.(get, meta),
      };
    },
    tensor(name) {
      const layer = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
      if (!layer) return outer[name];
      const [, index, part, kind] = layer;
      return parts[part!] ? `blk.${index}.${parts[part!]}.${kind}` : undefined;
    },
    row(name, config) {
      const part = spelling.turnedRows ? /\.self_attn\.([qk])_proj\./.exec(name)?.[1] : undefined;
      if (!part) return undefined;
      const Hq = Number(config.num_attention_heads);
      const P = Number(config.head_dim ?? Number(config.hidden_size) / Hq);
      return (row) => {
        const at = row % P;
        return row - at + (at < P / 2 ? 2 * at : 2 * (at - P / 2) + 1);
      };
    },
    ...(spelling.normsFromOne
      ? { values: (name: string) => (/norm\.weight$/.test(name) ? (x: number) => x - 1 : undefined) }
      : {}),
  };
}

/** The width of a head, where the file states it, and how much of it turns. */
function headWidth(get: (key: string) => unknown): Record<string, unknown> {
  const width = get("attention.key_length");
  const turned = get("rope.dimension_count");
  if (width !== undefined) return { head_dim: width, ...turnedShare(turned, Number(width)) };
  return turnedShare(turned, Number(get("embedding_length")) / Number(get("attention.head_count")));
}

const turnedShare = (turned: unknown, width: number): Record<string, unknown> =>
  turned === undefined || turned === width ? {} : { partial_rotary_factor: Number(turned) / width };
