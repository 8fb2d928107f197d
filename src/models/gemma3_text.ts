/**
 * Gemma 3 (text): five layers that see a sliding window to one that sees everything, with positions of their own each;
 * norms before and after attention and MLP, an embedding that is scaled, and a GeGLU.
 *
 * Source: transformers `models/gemma3`; checkpoints google/gemma-3-270m, -1b. Golden:
 * test/golden/gemma3_text-*, from training/golden.py.
 */
import { ConfigReader } from "../core/config-reader.ts";
import {
  attention,
  gatedMlp,
  type Layer,
  postNorm,
  type RotaryConfig,
  rotaryConfig,
  rotaryFrom,
  zeroCentred,
} from "../layers/index.ts";
import { type Architecture, type GgufConfig, type Model, refuse, residual } from "./architecture.ts";
import { f32, type Metadata, noForm, u32 } from "./gguf-metadata.ts";
import { transformerGguf } from "./gguf-spelling.ts";
import { layerTypes } from "./layer-types.ts";

type Kind = "sliding_attention" | "full_attention";

export const gemma3_text: Architecture = {
  type: "gemma3_text",
  wrappedBy: ["gemma3"],
  read(json) {
    json.oneOf("hidden_activation", ["gelu_pytorch_tanh"], "gelu_pytorch_tanh");
    for (const field of ["final_logit_softcapping", "attn_logit_softcapping"])
      if (json.has(field)) refuse(field, "expected null: logits are not capped");
    if (json.boolean("use_bidirectional_attention", false))
      refuse("use_bidirectional_attention", "expected false: a token sees those before it");
    const D = json.int("hidden_size", 2304);
    const epsilon = json.number("rms_norm_eps", 1e-6);
    const P = json.int("head_dim", 256);
    const bias = json.boolean("attention_bias", false);
    const sizes = {
      D,
      Hq: json.int("num_attention_heads", 8),
      Hkv: json.int("num_key_value_heads", 4),
      P,
      scale: json.number("query_pre_attn_scalar", 256) ** -0.5,
      bias,
      outputBias: bias,
    };
    const rotary = positions(json, P);
    const window = json.int("sliding_window", 4096);
    const mlp = { D, I: json.int("intermediate_size", 9216), bias: false, activation: "gelu_tanh" } as const;
    const norm = (at: string, name: string) => zeroCentred(`${at}.${name}.weight`, D);
    const between = (at: string, before: string, layer: Layer, after: string) =>
      residual(norm(at, before), D, postNorm(norm(at, after), D, epsilon, layer));
    return {
      D,
      V: json.int("vocab_size", 262_208),
      epsilon,
      contextLength: json.int("max_position_embeddings", 131_072),
      tied: json.boolean("tie_word_embeddings", true),
      names: {
        embedding: "model.embed_tokens.weight",
        norm: zeroCentred("model.norm.weight", D),
        head: "lm_head.weight",
      },
      scale: { embedding: Math.sqrt(D) },
      blocks: kinds(json).flatMap((kind, layer) => {
        const at = `model.layers.${layer}`;
        const own = `${at}.self_attn`;
        const mixer = attention(own, {
          ...sizes,
          layer,
          ...(kind === "sliding_attention" ? { window } : {}),
          rotary: rotary[kind],
          headNorm: { q: `${own}.q_norm.weight`, k: `${own}.k_norm.weight`, epsilon, zeroCentred: true },
        });
        return [
          between(at, "input_layernorm", mixer, "post_attention_layernorm"),
          between(at, "pre_feedforward_layernorm", gatedMlp(`${at}.mlp`, mlp), "post_feedforward_layernorm"),
        ];
      }),
    };
  },
  gguf: transformerGguf({
    architecture: "gemma3",
    type: "gemma3_text",
    normsFromOne: true,
    slides: true,
    theta: 1_000_000,
    norms: {
      post_attention_layernorm: "post_attention_norm",
      pre_feedforward_layernorm: "ffn_norm",
      post_feedforward_layernorm: "post_ffw_norm",
    },
    // Files do not state the queries' scale: it is that of the head's width, but for the largest model. Nor how
    // often a layer sees everything.
    more: (get) => ({
      query_pre_attn_scalar: get("attention.key_length"),
      sliding_window: get("attention.sliding_window"),
      rope_theta: get("rope.freq_base") ?? 1_000_000,
      rope_local_base_freq: get("rope.freq_base_swa") ?? 10_000,
    }),
    metadata: gemmaMetadata,
  }),
};

/** What a file takes for granted is refused where it is otherwise. */
function gemmaMetadata(config: GgufConfig, model: Model): Metadata {
  const json = new ConfigReader(config);
  const P = json.int("head_dim", 256);
  const scalar = json.number("query_pre_attn_scalar", 256);
  if (scalar !== P) noForm("query_pre_attn_scalar", `llama.cpp takes the head's width ${P}, got ${scalar}`);
  const odd = kinds(json).findIndex((kind, i) => (kind === "full_attention") !== ((i + 1) % 6 === 0));
  if (odd >= 0) noForm("layer_types", `llama.cpp takes every sixth layer to see everything, layer ${odd} is otherwise`);
  if (model.head) noForm("tie_word_embeddings", "llama.cpp takes the embedding for the head, got a head of its own");
  const { full_attention: all, sliding_attention: near } = positions(json, P);
  if (near.scaling.type !== "default") noForm("rope_parameters", "llama.cpp scales no sliding layer's positions");
  return {
    "rope.freq_base": f32(all.theta),
    "rope.freq_base_swa": f32(near.theta),
    ...(all.scaling.type === "linear"
      ? { "rope.scaling.type": "linear", "rope.scaling.factor": f32(all.scaling.factor) }
      : {}),
    "attention.sliding_window": u32(json.int("sliding_window", 4096)),
  };
}

/** From the list of types, or from how often a layer sees everything. */
function kinds(json: ConfigReader): Kind[] {
  const depth = json.depth(26);
  if (json.has("layer_types")) return layerTypes(json, ["sliding_attention", "full_attention"], depth);
  const every = json.int("sliding_window_pattern", json.int("_sliding_window_pattern", 6));
  return Array.from({ length: depth }, (_, i) => ((i + 1) % every === 0 ? "full_attention" : "sliding_attention"));
}

/**
 * Positions of both kinds of layers: one object each, or as older configs have them,
 * `rope_theta` and `rope_local_base_freq`.
 */
function positions(json: ConfigReader, P: number): Record<Kind, RotaryConfig> {
  const all = json.object("rope_parameters");
  const wide = { theta: 1_000_000, partial: 1 };
  const near = { theta: json.number("rope_local_base_freq", 10_000), partial: 1 };
  return {
    full_attention: all.has("full_attention")
      ? rotaryFrom(all.object("full_attention"), json, P, wide)
      : rotaryConfig(json, P, wide),
    sliding_attention: all.has("sliding_attention")
      ? rotaryFrom(all.object("sliding_attention"), json, P, near)
      : { theta: near.theta, turned: P, scaling: { type: "default" } },
  };
}
