/**
 * Granite 4.0 H: Bamba's mixers, each followed by a shared MLP and, in the larger models,
 * a mixture of experts beside it.
 *
 * Factors on embedding, residual, attention and logits; most checkpoints have no positions.
 * Source: transformers `models/granitemoehybrid`; checkpoints ibm-granite/granite-4.0-h-350m, -1b, -tiny, -small.
 * Golden: test/golden/granitemoehybrid-*, from training/golden.py.
 */
import type { ConfigReader } from "../core/config-reader.ts";
import {
  attention,
  experts,
  gatedMlp,
  type Layer,
  largest,
  mamba2,
  matrix,
  type Route,
  rotaryConfig,
} from "../layers/index.ts";
import { type Architecture, refuse, residual, wholeGroups } from "./architecture.ts";
import { graniteGguf } from "./granite-gguf.ts";
import { layerTypes } from "./layer-types.ts";
import { bambaFields, mixerSizes } from "./mixer-sizes.ts";

export const granitemoehybrid: Architecture = {
  type: "granitemoehybrid",
  read(json) {
    json.oneOf("hidden_act", ["silu"], "silu");
    const D = json.int("hidden_size", 4096);
    const epsilon = json.number("rms_norm_eps", 1e-6);
    const Hq = json.int("num_attention_heads", 32);
    const P = json.int("head_dim", Math.floor(D / Hq));
    const bias = json.boolean("attention_bias", false);
    const turns =
      json.has("position_embedding_type") && json.oneOf("position_embedding_type", ["rope", "nope"]) === "rope";
    const mixer = {
      D,
      Hq,
      Hkv: json.int("num_key_value_heads", Hq),
      P,
      ...(turns ? { rotary: rotaryConfig(json, P, { theta: 10_000, partial: 1 }) } : {}),
      bias,
      outputBias: bias,
      scale: json.number("attention_multiplier", 1),
    };
    const scan = {
      D,
      ...mixerSizes(json, json.int("mamba_expand", 2) * D, bambaFields),
      convBias: json.boolean("mamba_conv_bias", true),
      projectionBias: json.boolean("mamba_proj_bias", false),
      epsilon,
    };
    const shared = {
      D,
      I: json.int("shared_intermediate_size", 1024),
      bias: false,
      names: { gateUp: ["input_linear"], down: "output_linear" },
    };
    const E = json.int("num_local_experts", 8, 0);
    const depth = json.depth(32);
    return {
      D,
      V: json.int("vocab_size", 32_000),
      epsilon,
      contextLength: json.int("max_position_embeddings", 2048),
      tied: json.boolean("tie_word_embeddings", false),
      names: { embedding: "model.embed_tokens.weight", norm: "model.norm.weight", head: "lm_head.weight" },
      scale: {
        embedding: json.number("embedding_multiplier", 1),
        residual: json.number("residual_multiplier", 1),
        logits: 1 / json.number("logits_scaling", 1),
      },
      blocks: layerTypes(json, ["mamba", "attention"], depth, "mamba").flatMap((type, i) => {
        const at = `model.layers.${i}`;
        return [
          residual(
            `${at}.input_layernorm.weight`,
            D,
            type === "attention" ? attention(`${at}.self_attn`, { ...mixer, layer: i }) : mamba2(`${at}.mamba`, scan),
          ),
          residual(
            `${at}.post_attention_layernorm.weight`,
            D,
            ...(E > 0 ? [mixture(json, `${at}.block_sparse_moe`, D, E)] : []),
            gatedMlp(`${at}.shared_mlp`, shared),
          ),
        ];
      }),
    };
  },
  gguf: graniteGguf,
};

/** Checkpoints hold all experts of a layer in one tensor of three dimensions. */
function mixture(json: ConfigReader, at: string, D: number, E: number): Layer {
  const I = json.int("intermediate_size", 11_008);
  const k = json.int("num_experts_per_tok", 2);
  wholeGroups({ hidden_size: D, intermediate_size: I });
  if (k > E) refuse("num_experts_per_tok", `expected at most num_local_experts ${E}, got ${k}`);
  const all = (name: string, R: number, C: number) => ({
    ...matrix(`${at}.${name}.weight`, E * R, C, { prepare: (values) => values, restore: (values) => values }),
    from: [{ name: `${at}.${name}.weight`, shape: [E, R, C] }],
  });
  const tensors = {
    router: matrix(`${at}.router.layer.weight`, E, D),
    up: all("input_linear", 2 * I, D),
    down: all("output_linear", D, I),
  };
  const route: Route = (logits, _bias, softmax) => {
    const chosen = largest(logits, k);
    const weights = softmax(chosen.map((expert) => logits[expert]!));
    return chosen.map((expert, i) => ({ expert, weight: weights[i]! }));
  };
  return experts({ D, I, E, activation: "swiglu", route, tensors });
}
