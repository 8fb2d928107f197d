/**
 * Mamba-2: nothing but state-space layers, so a conversation's state never grows.
 *
 * Source: transformers `models/mamba2`; checkpoints such as state-spaces/mamba2-130m in that format.
 * Golden: test/golden/mamba2-*, from training/golden.py.
 */
import { mamba2 as mixer } from "../layers/index.ts";
import { type Architecture, residual } from "./architecture.ts";
import { mixerMetadata, mixerSizesOf, noBounds, streamMetadata, u32 } from "./gguf-metadata.ts";
import { streamConfig } from "./gguf-spelling.ts";
import { both, ggufTable, hasTensor, mixerConfig, mixerParts, under } from "./gguf-table.ts";
import { mixerSizes } from "./mixer-sizes.ts";

export const mamba2: Architecture = {
  type: "mamba2",
  read(json) {
    json.oneOf("hidden_act", ["silu"], "silu");
    const D = json.int("hidden_size", 4096);
    const epsilon = json.number("layer_norm_epsilon", 1e-5);
    const scan = {
      D,
      ...mixerSizes(json, json.int("expand", 2) * D, {
        H: ["num_heads", 128],
        P: ["head_dim", 64],
        G: ["n_groups", 8],
        N: ["state_size", 128],
        K: ["conv_kernel", 4],
      }),
      convBias: json.boolean("use_conv_bias", true),
      projectionBias: json.boolean("use_bias", false),
      epsilon,
    };
    const depth = json.depth(64);
    return {
      D,
      V: json.int("vocab_size", 32_768),
      epsilon,
      contextLength: UNBOUNDED,
      tied: json.boolean("tie_word_embeddings", false),
      names: { embedding: "backbone.embeddings.weight", norm: "backbone.norm_f.weight", head: "lm_head.weight" },
      blocks: Array.from({ length: depth }, (_, i) => `backbone.layers.${i}`).map((at) =>
        residual(`${at}.norm.weight`, D, mixer(`${at}.mixer`, scan)),
      ),
    };
  },
  gguf: ggufTable({
    architecture: "mamba2",
    layers: "backbone.layers",
    outer: {
      "backbone.embeddings.weight": "token_embd.weight",
      "backbone.norm_f.weight": "output_norm.weight",
      "lm_head.weight": "output.weight",
    },
    parts: { ...both("norm", "attn_norm"), ...mixerParts("mixer", "n_groups") },
    config(file) {
      const get = under("mamba2", file);
      const { rms_norm_eps, max_position_embeddings: _, ...stream } = streamConfig(get, file);
      return {
        model_type: "mamba2",
        ...stream,
        layer_norm_epsilon: rms_norm_eps,
        expand: Number(get("ssm.inner_size")) / Number(get("embedding_length")),
        ...mixerConfig(get, { H: "num_heads", P: "head_dim", N: "state_size", G: "n_groups", K: "conv_kernel" }),
        n_groups: get("ssm.group_count") ?? 1,
        use_conv_bias: hasTensor(file, "ssm_conv1d.bias"),
        use_bias: hasTensor(file, "ssm_in.bias"),
      };
    },
    metadata(config, model) {
      noBounds(config, "time_step_limit", [0, Number.POSITIVE_INFINITY]);
      return {
        ...streamMetadata(model, model.blocks.length),
        feed_forward_length: u32(0),
        "attention.head_count": u32(0),
        ...mixerMetadata(mixerSizesOf(model)),
      };
    },
  }),
};

/** No positions: the most that the kernels count. */
const UNBOUNDED = 2 ** 31 - 1;
