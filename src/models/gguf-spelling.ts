/**
 * transformerGguf: how GGUF files spell a transformer of the Llama line.
 *
 * Source: llama.cpp `gguf-py/gguf/tensor_mapping.py`, and its converters (`LlamaModel.permute`, `Gemma3Model`).
 */
import type { Gguf, GgufConfig, GgufFile, Model } from "./architecture.ts";
import { attentionMetadata, type Metadata, noWindows, rotaryMetadata, streamMetadata } from "./gguf-metadata.ts";
import { both, fromOne, ggufTable, interleaved, mixerParts, rows, type TableEntry, under } from "./gguf-table.ts";

interface TransformerGguf {
  /** `general.architecture`, which is also the prefix of the metadata's keys. */
  architecture: string;
  /** `model_type` of config.json. */
  type: string;
  /** Files hold q and k with the two halves of each head interleaved; the checkpoint has them one after the other. */
  turnedRows?: boolean;
  /** Files hold the weights of norms as they multiply; the checkpoint as their distance from one. */
  normsFromOne?: boolean;
  /** Names of a layer's norms beside the common ones, or in their place. */
  norms?: Readonly<Record<string, string>>;
  /** Files state the window of layers that slide. */
  slides?: boolean;
  /** Base of the rotary frequencies where the config names none. */
  theta?: number;
  /** Further fields of config.json; `get` reads a key without its prefix. */
  more?(get: (key: string) => unknown, file: GgufFile): Record<string, unknown>;
  /** Further metadata. */
  metadata?(config: GgufConfig, model: Model): Metadata;
}

export const outerNames = {
  "model.embed_tokens.weight": "token_embd.weight",
  "model.norm.weight": "output_norm.weight",
  "lm_head.weight": "output.weight",
} satisfies Record<string, string>;

/** Names of a gated MLP's matrices. */
export const mlpParts = (at: string): Record<string, TableEntry> => ({
  ...both(`${at}.gate_proj`, "ffn_gate"),
  ...both(`${at}.up_proj`, "ffn_up"),
  ...both(`${at}.down_proj`, "ffn_down"),
});

/** Names of attention's matrices, and of q and k as they turn. */
export const attentionParts = (at: string, turned: boolean, output = "o_proj"): Record<string, TableEntry> => ({
  ...(turned ? interleaved : both)(`${at}.q_proj`, "attn_q"),
  ...(turned ? interleaved : both)(`${at}.k_proj`, "attn_k"),
  ...both(`${at}.v_proj`, "attn_v"),
  ...both(`${at}.${output}`, "attn_output"),
});

const commonNorms: Readonly<Record<string, string>> = {
  input_layernorm: "attn_norm",
  "self_attn.q_norm": "attn_q_norm",
  "self_attn.k_norm": "attn_k_norm",
  post_attention_layernorm: "ffn_norm",
};

export function transformerGguf(spelling: TransformerGguf): Gguf {
  const { architecture, type, theta = 10_000, normsFromOne = false } = spelling;
  const norm = (name: string, to: string) => (normsFromOne ? fromOne(name, to) : both(name, to));
  const norms = Object.entries({ ...commonNorms, ...spelling.norms });
  return ggufTable({
    architecture,
    outer: { ...outerNames, ...norm("model.norm", "output_norm") },
    parts: {
      ...Object.fromEntries(norms.flatMap(([name, to]) => Object.entries(norm(name, to)))),
      ...attentionParts("self_attn", spelling.turnedRows ?? false),
      ...mlpParts("mlp"),
    },
    config(file) {
      const get = under(architecture, file);
      return {
        model_type: type,
        ...streamConfig(get, file),
        ...attentionConfig(get),
        intermediate_size: get("feed_forward_length"),
        ...positionsConfig(get, 10_000),
        ...biases(file),
        ...spelling.more?.(get, file),
      };
    },
    metadata: (config, model) => {
      if (!spelling.slides) noWindows(model);
      const depth = Number(config.num_hidden_layers ?? model.blocks.length / 2);
      return {
        ...streamMetadata(model, depth),
        ...attentionMetadata(model, depth),
        ...rotaryMetadata(model, config, theta),
        ...spelling.metadata?.(config, model),
      };
    },
  });
}

type Get = (key: string) => unknown;

/** The vocabulary is as large as the embedding: metadata may count tokens without padding. */
export const streamConfig = (get: Get, file: GgufFile): Record<string, unknown> => ({
  hidden_size: get("embedding_length"),
  num_hidden_layers: get("block_count"),
  max_position_embeddings: get("context_length"),
  rms_norm_eps: get("attention.layer_norm_rms_epsilon"),
  vocab_size: rows(file, "token_embd.weight") ?? get("vocab_size"),
});

/**
 * A list of key heads has zeros at layers of another kind; a hybrid without attention has
 * none, and a config that counts one.
 */
export function attentionConfig(get: Get): Record<string, unknown> {
  const heads = get("attention.head_count");
  if (heads === 0) return { num_attention_heads: 1, num_key_value_heads: 1 };
  const keys = get("attention.head_count_kv") ?? heads;
  const listed = ArrayBuffer.isView(keys) ? [...(keys as Int32Array)].find((count) => count > 0) : keys;
  const width = get("attention.key_length");
  return {
    num_attention_heads: heads,
    num_key_value_heads: listed ?? heads,
    ...(width === undefined ? {} : { head_dim: width }),
  };
}

/** Names of Bamba's kind, Falcon-H1's too. `turned`: as for `attentionParts`. */
export const bambaNames = (turned: boolean) => ({
  outer: {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.final_layernorm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
  },
  parts: {
    ...both("input_layernorm", "attn_norm"),
    ...both("pre_ff_layernorm", "ffn_norm"),
    ...attentionParts("self_attn", turned),
    ...mixerParts("mamba", "mamba_n_groups"),
    ...mlpParts("feed_forward"),
  },
});

/** Base and scaling of the rotary frequencies, and how much of a head turns. */
export function positionsConfig(get: Get, theta: number): Record<string, unknown> {
  const scaling = get("rope.scaling.type");
  const width = Number(
    get("attention.key_length") ?? Number(get("embedding_length")) / Number(get("attention.head_count")),
  );
  const turned = get("rope.dimension_count");
  return {
    rope_theta: get("rope.freq_base") ?? theta,
    ...(turned === undefined || turned === width ? {} : { partial_rotary_factor: Number(turned) / width }),
    ...(scaling && scaling !== "none"
      ? { rope_scaling: { rope_type: scaling, factor: get("rope.scaling.factor") } }
      : {}),
  };
}

/** Files do not state biases: they are there or not. Qwen 2 has those of q, k and v by its kind. */
const biases = ({ tensors }: GgufFile): Record<string, unknown> => ({
  ...(tensors.has("blk.0.attn_output.bias") ? { attention_bias: true } : {}),
  ...(tensors.has("blk.0.ffn_down.bias") ? { mlp_bias: true } : {}),
});
