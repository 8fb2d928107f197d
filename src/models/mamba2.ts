/**
 * Mamba-2: nothing but state-space layers, so a conversation's state never grows.
 *
 * Source: transformers `models/mamba2`; checkpoints such as state-spaces/mamba2-130m in that format.
 * Golden: test/golden/mamba2-*, from training/golden.py.
 */
import { mamba2 as mixer } from "../layers/index.ts";
import { type Architecture, residual } from "./architecture.ts";
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
};

/** No positions: the most that the kernels count. */
const UNBOUNDED = 2 ** 31 - 1;
