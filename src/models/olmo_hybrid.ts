/**
 * OLMo Hybrid: three Gated DeltaNet layers with negative eigenvalues to one of attention without positions.
 *
 * The layers differ in where they norm: before the mixer and the MLP with the delta rule, after them with attention.
 * Source: transformers `models/olmo_hybrid`; checkpoint allenai/Olmo-Hybrid-7B. Golden:
 * test/golden/olmo_hybrid-*, from training/golden.py.
 */
import type { ConfigReader } from "../core/config-reader.ts";
import {
  attention,
  type GatedDeltaConfig,
  gatedDelta,
  gatedMlp,
  postNorm,
  rotaryConfig,
  vector,
} from "../layers/index.ts";
import { type Architecture, type Block, residual } from "./architecture.ts";
import { layerTypes } from "./layer-types.ts";

/** Of the gated norm after the delta rule; the config's own holds elsewhere. */
const RULE_EPSILON = 1e-5;

export const olmo_hybrid: Architecture = {
  type: "olmo_hybrid",
  spelling: {
    rename: [
      [/\.attention_layer_norm\./, ".input_layernorm."],
      [/\.feedforward_layer_norm\./, ".post_attention_layernorm."],
    ],
    join: {
      "linear_attn.conv1d.weight": ["q", "k", "v"].map((part) => `linear_attn.${part}_conv1d.weight`),
    },
  },
  read(json) {
    json.oneOf("hidden_act", ["silu"], "silu");
    const D = json.int("hidden_size", 3840);
    const depth = json.depth(32);
    const epsilon = json.number("rms_norm_eps", 1e-6);
    const Hq = json.int("num_attention_heads", 30);
    const P = json.int("head_dim", Math.floor(D / Hq));
    const bias = json.boolean("attention_bias", false);
    const turns = json.has("rope_theta") || json.object("rope_parameters").has("rope_theta");
    const sizes = {
      D,
      Hq,
      Hkv: json.int("num_key_value_heads", Hq),
      P,
      ...(turns ? { rotary: rotaryConfig(json, P, { theta: 500_000, partial: 1 }) } : {}),
      bias,
      outputBias: bias,
    };
    const rule = ruleSizes(json, D, Hq);
    const mlp = { D, I: json.int("intermediate_size", 11_008), bias: false };
    const after = (at: string, name: string, layer: Parameters<typeof postNorm>[3]): Block => ({
      layers: [postNorm(vector(`${at}.${name}.weight`, [D]), D, epsilon, layer)],
    });
    return {
      D,
      V: json.int("vocab_size", 100_352),
      epsilon,
      contextLength: json.int("max_position_embeddings", 65_536),
      tied: json.boolean("tie_word_embeddings", false),
      names: { embedding: "model.embed_tokens.weight", norm: "model.norm.weight", head: "lm_head.weight" },
      blocks: mixers(json, depth).flatMap((type, i) => {
        const at = `model.layers.${i}`;
        if (type === "linear_attention")
          return [
            residual(`${at}.input_layernorm.weight`, D, gatedDelta(`${at}.linear_attn`, rule)),
            residual(`${at}.post_attention_layernorm.weight`, D, gatedMlp(`${at}.mlp`, mlp)),
          ];
        const own = `${at}.self_attn`;
        const headNorm = { q: `${own}.q_norm.weight`, k: `${own}.k_norm.weight`, epsilon, over: "all heads" } as const;
        return [
          after(at, "post_attention_layernorm", attention(own, { ...sizes, layer: i, headNorm })),
          after(at, "post_feedforward_layernorm", gatedMlp(`${at}.mlp`, mlp)),
        ];
      }),
    };
  },
};

/** From the config's list; else every fourth layer is attention, and the last where there is none. */
function mixers(json: ConfigReader, depth: number): ("linear_attention" | "full_attention")[] {
  if (json.has("layer_types")) return layerTypes(json, ["linear_attention", "full_attention"], depth);
  return Array.from({ length: depth }, (_, i) =>
    i % 4 === 3 || (depth < 4 && i === depth - 1) ? "full_attention" : "linear_attention",
  );
}

function ruleSizes(json: ConfigReader, D: number, Hq: number): GatedDeltaConfig {
  const G = json.int("linear_num_key_heads", Hq);
  const N = json.int("linear_key_head_dim", Math.trunc((0.75 * D) / G));
  return {
    D,
    H: json.int("linear_num_value_heads", Hq),
    P: json.int("linear_value_head_dim", 2 * N),
    G,
    N,
    K: json.int("linear_conv_kernel_dim", 4, 2),
    epsilon: RULE_EPSILON,
    reach: json.boolean("linear_allow_neg_eigval", true) ? 2 : 1,
    names: {
      gate: "g_proj",
      qkv: ["q_proj", "k_proj", "v_proj"],
      beta: "b_proj",
      decay: "a_proj",
      norm: "o_norm",
      output: "o_proj",
    },
  };
}
