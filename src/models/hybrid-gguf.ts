/**
 * How GGUF files spell Falcon-H1, Nemotron-H and LFM2.
 *
 * Source: llama.cpp `conversion/falcon_h1.py`, `nemotron.py`, `lfm2.py`; `src/models/falcon-h1.cpp`.
 */
import type { Gguf, GgufFile } from "./architecture.ts";
import {
  attentionMetadata,
  f32,
  mixerMetadata,
  mixerSizesOf,
  noBounds,
  noForm,
  rotaryMetadata,
  streamMetadata,
  u32,
  widthOf,
} from "./gguf-metadata.ts";
import { attentionConfig, attentionParts, bambaNames, positionsConfig, streamConfig } from "./gguf-spelling.ts";
import { both, ggufTable, hasTensor, kindsOf, mixerConfig, mixerParts, rows, under } from "./gguf-table.ts";
import { bambaFieldNames } from "./mixer-sizes.ts";

/** A file holds the weights with Falcon's constant factors in them. */
export const falconGguf: Gguf = ggufTable({
  architecture: "falcon-h1",
  ...bambaNames(false),
  config(file) {
    const get = under("falcon-h1", file);
    return {
      model_type: "falcon_h1",
      ...streamConfig(get, file),
      ...attentionConfig(get),
      ...positionsConfig(get, 10_000),
      ...mixerConfig(get, bambaFieldNames),
      mamba_d_ssm: get("ssm.inner_size"),
      mamba_rms_norm: hasTensor(file, "ssm_norm.weight"),
      mamba_norm_before_gate: false,
      mamba_conv_bias: hasTensor(file, "ssm_conv1d.bias"),
      mamba_proj_bias: hasTensor(file, "ssm_in.bias"),
      projectors_bias: hasTensor(file, "ssm_out.bias"),
      attention_bias: hasTensor(file, "attn_q.bias"),
      mlp_bias: hasTensor(file, "ffn_gate.bias"),
      intermediate_size: rows(file, "blk.0.ffn_gate.weight"),
    };
  },
  metadata: () =>
    noForm(
      "falcon_h1",
      "its factors lie in the weights of such files, which is not written; export a Hugging Face folder",
    ),
});

const letters = { mamba: "ssm_in.weight", attention: "attn_q.weight", moe: "ffn_up_exps.weight" } as const;

export const nemotronGguf: Gguf = ggufTable({
  architecture: "nemotron_h",
  layers: "backbone.layers",
  outer: {
    "backbone.embeddings.weight": "token_embd.weight",
    "backbone.norm_f.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
  },
  parts: {
    ...both("norm", "attn_norm"),
    ...mixerParts("mixer", "n_groups"),
    ...attentionParts("mixer", true),
    ...both("mixer.up_proj", "ffn_up"),
    ...both("mixer.down_proj", "ffn_down"),
  },
  config(file) {
    const get = under("nemotron_h", file);
    const { rms_norm_eps, num_hidden_layers, ...stream } = streamConfig(get, file);
    const kinds = kindsOf<"mamba" | "attention" | "mlp">(
      file,
      Number(num_hidden_layers),
      [
        [letters.mamba, "mamba"],
        [letters.attention, "attention"],
      ],
      "mlp",
    );
    return {
      model_type: "nemotron_h",
      ...stream,
      layer_norm_epsilon: rms_norm_eps,
      layers_block_type: kinds,
      ...attentionConfig(get),
      ...mixerConfig(get, {
        H: "mamba_num_heads",
        P: "mamba_head_dim",
        N: "ssm_state_size",
        G: "n_groups",
        K: "conv_kernel",
      }),
      use_conv_bias: hasTensor(file, "ssm_conv1d.bias"),
      use_bias: hasTensor(file, "ssm_in.bias"),
      mlp_bias: hasTensor(file, "ffn_up.bias"),
      ...(kinds.includes("mlp") ? { intermediate_size: firstRows(file, "ffn_up.weight") } : {}),
    };
  },
  metadata(config, model) {
    noBounds(config, "time_step_min", [0.001]);
    const depth = model.blocks.length;
    const inner = widthOf(model, /mixer\.down_proj\.weight$/) ?? 0;
    const isMlp = (i: number) =>
      model.blocks[i]!.layers.some(({ weights }) => weights.some(({ name }) => name.endsWith("mixer.up_proj.weight")));
    if (model.weights.some(({ name }) => name.includes(".experts.")))
      noForm("layers_block_type", "experts of this kind are not written");
    return {
      ...streamMetadata(model, depth),
      ...attentionMetadata(model, depth),
      // Read under this name by some releases of llama.cpp.
      "attention.layer_norm_epsilon": f32(model.epsilon),
      feed_forward_length: { i32s: Array.from({ length: depth }, (_, i) => (isMlp(i) ? inner : 0)) },
      ...mixerMetadata(mixerSizesOf(model)),
    };
  },
});

const firstRows = ({ tensors }: GgufFile, part: string): number | undefined =>
  [...tensors].find(([name]) => name.endsWith(part))?.[1][0];

export const lfm2Gguf: Gguf = ggufTable({
  architecture: "lfm2",
  outer: {
    "model.embed_tokens.weight": "token_embd.weight",
    // The norm behind the last layer bears this name.
    "model.embedding_norm.weight": "token_embd_norm.weight",
    "lm_head.weight": "output.weight",
  },
  parts: {
    ...both("operator_norm", "attn_norm"),
    ...both("ffn_norm", "ffn_norm"),
    ...attentionParts("self_attn", false, "out_proj"),
    ...both("self_attn.q_layernorm", "attn_q_norm"),
    ...both("self_attn.k_layernorm", "attn_k_norm"),
    ...both("conv.in_proj", "shortconv.in_proj"),
    "conv.conv.weight": () => ({ names: ["shortconv.conv.weight"], shape: ([D = 1, , K = 1]) => [D, K] }),
    "conv.conv.bias": "shortconv.conv.bias",
    ...both("conv.out_proj", "shortconv.out_proj"),
    ...both("feed_forward.w1", "ffn_gate"),
    ...both("feed_forward.w3", "ffn_up"),
    ...both("feed_forward.w2", "ffn_down"),
  },
  config(file) {
    const get = under("lfm2", file);
    const { rms_norm_eps, ...stream } = streamConfig(get, file);
    return {
      model_type: "lfm2",
      ...stream,
      norm_eps: rms_norm_eps,
      ...attentionConfig(get),
      ...positionsConfig(get, 1_000_000),
      layer_types: kindsOf(
        file,
        Number(stream.num_hidden_layers),
        [["shortconv.conv.weight", "conv"]],
        "full_attention",
      ),
      conv_L_cache: get("shortconv.l_cache"),
      conv_bias: hasTensor(file, "shortconv.conv.bias"),
      block_auto_adjust_ff_dim: false,
      intermediate_size: rows(file, "blk.0.ffn_gate.weight"),
    };
  },
  metadata(config, model) {
    const depth = Number(config.num_hidden_layers);
    const taps = model.weights.find(({ name }) => name.endsWith("conv.conv.weight"));
    if (!taps) noForm("layer_types", "llama.cpp's form has short convolutions, this model has none");
    return {
      ...streamMetadata(model, depth),
      ...attentionMetadata(model, depth),
      ...rotaryMetadata(model, config, 1_000_000),
      "shortconv.l_cache": u32(taps.shape[2]!),
    };
  },
});
