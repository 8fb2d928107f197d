/**
 * How GGUF files spell Qwen 3.5: value heads in tiled order, norms as they multiply.
 *
 * Value heads that share a key head stand side by side in the checkpoint; in a file the first of each key
 * head come first, then the second.
 * Source: llama.cpp `conversion/qwen.py` (`_LinearAttentionVReorderBase`).
 */
import type { Gguf, GgufConfig } from "./architecture.ts";
import { attentionMetadata, noForm, positionsOf, rotaryMetadata, streamMetadata, u32 } from "./gguf-metadata.ts";
import {
  attentionConfig,
  attentionParts,
  mlpParts,
  outerNames,
  positionsConfig,
  streamConfig,
} from "./gguf-spelling.ts";
import { both, fromOne, ggufTable, kindsOf, rows, type TableEntry, under } from "./gguf-table.ts";

const ARCHITECTURE = "qwen35";

interface Sizes {
  G: number;
  H: number;
  N: number;
  P: number;
}

const sizesOf = (config: GgufConfig): Sizes => ({
  G: Number(config.linear_num_key_heads ?? 16),
  H: Number(config.linear_num_value_heads ?? 32),
  N: Number(config.linear_key_head_dim ?? 128),
  P: Number(config.linear_value_head_dim ?? 128),
});

/** Place of a row among those of the value heads, `width` rows each, behind `first` rows that keep their places. */
const tiled =
  ({ G, H }: Sizes, width: number, first = 0) =>
  (row: number): number => {
    if (row < first) return row;
    const head = Math.floor((row - first) / width);
    const place = (head % (H / G)) * G + Math.floor(head / (H / G));
    return first + place * width + ((row - first) % width);
  };

const byHead =
  (to: string, width: (sizes: Sizes) => number, first: (sizes: Sizes) => number = () => 0): TableEntry =>
  (config) => {
    const sizes = sizesOf(config);
    return { names: [to], row: tiled(sizes, width(sizes), first(sizes)) };
  };

const keys = ({ G, N }: Sizes): number => 2 * G * N;

const rule: Record<string, TableEntry> = {
  "linear_attn.in_proj_qkv.weight": byHead("attn_qkv.weight", ({ P }) => P, keys),
  "linear_attn.in_proj_z.weight": byHead("attn_gate.weight", ({ P }) => P),
  "linear_attn.in_proj_b.weight": byHead("ssm_beta.weight", () => 1),
  "linear_attn.in_proj_a.weight": byHead("ssm_alpha.weight", () => 1),
  "linear_attn.conv1d.weight": (config) => {
    const sizes = sizesOf(config);
    const row = tiled(sizes, sizes.P, keys(sizes));
    return { names: ["ssm_conv1d.weight"], row, shape: ([C = 1, , K = 1]) => [C, K] };
  },
  "linear_attn.A_log": (config) => ({
    names: ["ssm_a"],
    row: tiled(sizesOf(config), 1),
    read: (a) => Math.log(-a),
    write: (a) => -Math.exp(a),
  }),
  "linear_attn.dt_bias": byHead("ssm_dt.bias", () => 1),
  "linear_attn.norm.weight": "ssm_norm.weight",
  "linear_attn.out_proj.weight": (config) => {
    const sizes = sizesOf(config);
    return { names: ["ssm_out.weight"], column: tiled(sizes, sizes.P) };
  },
};

export const qwen35Gguf: Gguf = ggufTable({
  architecture: ARCHITECTURE,
  outer: { ...outerNames, ...fromOne("model.norm", "output_norm") },
  parts: {
    ...fromOne("input_layernorm", "attn_norm"),
    ...fromOne("post_attention_layernorm", "post_attention_norm"),
    ...attentionParts("self_attn", false),
    ...fromOne("self_attn.q_norm", "attn_q_norm"),
    ...fromOne("self_attn.k_norm", "attn_k_norm"),
    ...rule,
    ...mlpParts("mlp"),
    ...both("mlp.gate_proj", "ffn_gate"),
  },
  config(file) {
    const get = under(ARCHITECTURE, file);
    const { num_hidden_layers, ...stream } = streamConfig(get, file);
    // Layers that guess further tokens stand behind the others.
    const depth = Number(num_hidden_layers) - Number(get("nextn_predict_layers") ?? 0);
    const H = Number(get("ssm.time_step_rank"));
    return {
      model_type: "qwen3_5_text",
      ...stream,
      num_hidden_layers: depth,
      ...attentionConfig(get),
      ...positionsConfig(get, 10_000_000),
      intermediate_size: rows(file, "blk.0.ffn_gate.weight"),
      layer_types: kindsOf(file, depth, [["ssm_conv1d.weight", "linear_attention"]], "full_attention"),
      linear_num_key_heads: get("ssm.group_count"),
      linear_num_value_heads: H,
      linear_key_head_dim: get("ssm.state_size"),
      linear_value_head_dim: Number(get("ssm.inner_size")) / H,
      linear_conv_kernel_dim: get("ssm.conv_kernel"),
      attention_bias: file.tensors.has(`blk.${depth - 1}.attn_q.bias`),
    };
  },
  metadata(config, model) {
    const depth = Number(config.num_hidden_layers);
    const { G, H, N, P } = sizesOf(config);
    if (config.attention_bias === true) noForm("attention_bias", "llama.cpp's form has none");
    if (N !== P) noForm("linear_value_head_dim", `llama.cpp takes value heads as wide as key heads, ${N}, got ${P}`);
    if (!model.state.some(({ kind }) => kind === "cache"))
      noForm("layer_types", "llama.cpp's form has layers of attention, this model has none");
    const { "attention.head_count_kv": kv, ...heads } = attentionMetadata(model, depth);
    const all = kv !== undefined && typeof kv === "object" && "i32s" in kv ? u32(Math.max(...kv.i32s)) : kv;
    const sections = positionsOf(config).mrope_section;
    return {
      ...streamMetadata(model, depth),
      ...heads,
      ...(all === undefined ? {} : { "attention.head_count_kv": all }),
      ...rotaryMetadata(model, config, 10_000, 0.25),
      "rope.dimension_sections": {
        i32s: [...(Array.isArray(sections) ? (sections as number[]) : [11, 11, 10]), 0].slice(0, 4),
      },
      "ssm.conv_kernel": u32(Number(config.linear_conv_kernel_dim ?? 4)),
      "ssm.state_size": u32(N),
      "ssm.group_count": u32(G),
      "ssm.time_step_rank": u32(H),
      "ssm.inner_size": u32(H * P),
      full_attention_interval: u32(Number(config.full_attention_interval ?? 4)),
    };
  },
});
