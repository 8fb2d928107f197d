/**
 * How GGUF files spell Bamba and Granite 4.0 H, which llama.cpp has as one architecture, `granitehybrid`.
 *
 * Source: llama.cpp `conversion/granite.py` (`GraniteHybridModel`), `src/models/granite-hybrid.cpp`.
 */
import type { Gguf, GgufConfig, GgufFile, Model } from "./architecture.ts";
import {
  attentionMetadata,
  f32,
  type Metadata,
  mixerMetadata,
  mixerSizesOf,
  noBounds,
  noForm,
  positionsOf,
  rotaryMetadata,
  streamMetadata,
  u32,
  widthOf,
} from "./gguf-metadata.ts";
import {
  attentionConfig,
  attentionParts,
  bambaNames,
  outerNames,
  positionsConfig,
  streamConfig,
} from "./gguf-spelling.ts";
import { both, ggufTable, hasTensor, kindsOf, mixerConfig, mixerParts, rows, under } from "./gguf-table.ts";
import { bambaFieldNames } from "./mixer-sizes.ts";

const ARCHITECTURE = "granitehybrid";

/** Bamba's files have none of Granite's factors. */
const isGranite = ({ meta }: GgufFile): boolean =>
  ["attention.scale", "embedding_scale", "residual_scale", "logit_scale"].some((key) =>
    meta.has(`${ARCHITECTURE}.${key}`),
  );

function hybridConfig(file: GgufFile): Record<string, unknown> {
  const get = under(ARCHITECTURE, file);
  return {
    ...streamConfig(get, file),
    ...attentionConfig(get),
    mamba_expand: Number(get("ssm.inner_size")) / Number(get("embedding_length")),
    ...mixerConfig(get, bambaFieldNames),
    mamba_conv_bias: hasTensor(file, "ssm_conv1d.bias"),
    mamba_proj_bias: hasTensor(file, "ssm_in.bias"),
    attention_bias: hasTensor(file, "attn_q.bias"),
  };
}

const kinds = (file: GgufFile): ("mamba" | "attention")[] =>
  kindsOf(file, Number(file.meta.get(`${ARCHITECTURE}.block_count`)), [["ssm_in.weight", "mamba"]], "attention");

function hybridMetadata(config: GgufConfig, model: Model, turns: boolean): Metadata {
  const depth = Number(config.num_hidden_layers);
  noBounds(config, "time_step_limit", [0, Number.POSITIVE_INFINITY]);
  const groups = config.mamba_norm_groups;
  if (groups !== undefined && groups !== config.mamba_n_groups)
    noForm("mamba_norm_groups", `llama.cpp norms each of the mamba_n_groups by itself, got ${groups}`);
  if (model.state.every(({ kind }) => kind === "cache"))
    noForm("layer_types", "llama.cpp takes a model of attention only for another architecture");
  const partial = Number(
    positionsOf(config).partial_rotary_factor ?? (turns && config.model_type === "bamba" ? 0.5 : 1),
  );
  const attends = model.state.some(({ kind }) => kind === "cache");
  if (turns && attends && partial !== 1)
    noForm("partial_rotary_factor", `llama.cpp's files pair the halves of whole heads, got ${partial}`);
  return {
    ...streamMetadata(model, depth),
    ...attentionMetadata(model, depth),
    ...rotaryMetadata(model, config, 10_000, partial),
    ...mixerMetadata(mixerSizesOf(model)),
    "rope.scaling.finetuned": turns,
  };
}

export const bambaGguf: Gguf = ggufTable({
  architecture: ARCHITECTURE,
  claims: (file) => !isGranite(file),
  ...bambaNames(true),
  config: (file) => ({
    model_type: "bamba",
    ...hybridConfig(file),
    partial_rotary_factor: 1,
    ...positionsConfig(under(ARCHITECTURE, file), 10_000),
    intermediate_size: rows(file, "blk.0.ffn_gate.weight"),
    attn_layer_indices: kinds(file).flatMap((kind, i) => (kind === "attention" ? [i] : [])),
    mlp_bias: hasTensor(file, "ffn_gate.bias"),
  }),
  metadata: (config, model) => hybridMetadata(config, model, true),
});

/** A shared MLP alone lies where a plain one does; beside experts it has names of its own. */
const shared = (config: GgufConfig): string => (Number(config.num_local_experts ?? 8) > 0 ? "_shexp" : "");

export const graniteGguf: Gguf = ggufTable({
  architecture: ARCHITECTURE,
  claims: isGranite,
  outer: outerNames,
  parts: {
    ...both("input_layernorm", "attn_norm"),
    ...both("post_attention_layernorm", "ffn_norm"),
    ...attentionParts("self_attn", true),
    ...mixerParts("mamba", "mamba_n_groups"),
    "shared_mlp.input_linear.weight": (config) => ({
      names: [`ffn_gate${shared(config)}.weight`, `ffn_up${shared(config)}.weight`],
    }),
    "shared_mlp.output_linear.weight": (config) => ({ names: [`ffn_down${shared(config)}.weight`] }),
    "block_sparse_moe.router.layer.weight": "ffn_gate_inp.weight",
    "block_sparse_moe.input_linear.weight": () => ({ names: ["ffn_gate_exps.weight", "ffn_up_exps.weight"] }),
    "block_sparse_moe.output_linear.weight": "ffn_down_exps.weight",
  },
  config(file) {
    const get = under(ARCHITECTURE, file);
    const config = hybridConfig(file);
    const width = Number(
      get("attention.key_length") ?? Number(config.hidden_size) / Number(config.num_attention_heads),
    );
    const E = Number(get("expert_count") ?? 0);
    const part = E > 0 ? "ffn_gate_shexp" : "ffn_gate";
    const positions =
      get("rope.scaling.finetuned") === true
        ? { position_embedding_type: "rope" }
        : { position_embedding_type: "nope" };
    return {
      model_type: "granitemoehybrid",
      ...config,
      ...positionsConfig(get, 10_000),
      ...positions,
      layer_types: kinds(file),
      shared_intermediate_size: rows(file, `blk.0.${part}.weight`),
      num_local_experts: E,
      num_experts_per_tok: get("expert_used_count") ?? 0,
      intermediate_size: file.tensors.get("blk.0.ffn_gate_exps.weight")?.[1] ?? get("feed_forward_length"),
      attention_multiplier: get("attention.scale") ?? width ** -0.5,
      embedding_multiplier: get("embedding_scale") ?? 1,
      residual_multiplier: get("residual_scale") ?? 1,
      logits_scaling: get("logit_scale") ?? 1,
    };
  },
  metadata(config, model) {
    const E = Number(config.num_local_experts ?? 8);
    const turns = config.position_embedding_type === "rope";
    if (turns)
      noForm("position_embedding_type", "llama.cpp's converter knows Granite's hybrids without positions only");
    return {
      ...hybridMetadata(config, model, turns),
      "attention.scale": f32(Number(config.attention_multiplier ?? 1)),
      embedding_scale: f32(Number(config.embedding_multiplier ?? 1)),
      residual_scale: f32(Number(config.residual_multiplier ?? 1)),
      logit_scale: f32(Number(config.logits_scaling ?? 1)),
      ...(E > 0
        ? {
            feed_forward_length: u32(Number(config.intermediate_size)),
            expert_count: u32(E),
            expert_used_count: u32(Number(config.num_experts_per_tok ?? 2)),
            expert_shared_feed_forward_length: u32(widthOf(model, /shared_mlp\.down_proj\.weight$/) ?? 0),
          }
        : {}),
    };
  },
});
