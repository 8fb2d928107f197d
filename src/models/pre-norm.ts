/**
 * What pre-norm transformers and hybrids of the Llama line have in common: the names of norms, MLP and
 * head, and how a layer is built.
 */
import type { ConfigReader } from "../core/config-reader.ts";
import { type AttentionConfig, gatedMlp, type Layer, rotaryConfig, type WeightSpec } from "../layers/index.ts";
import { residual, type Shape } from "./architecture.ts";

interface PreNormDefaults {
  V: number;
  D: number;
  I: number;
  depth: number;
  contextLength: number;
  epsilon: number;
  tied: boolean;
  mlpBias?: boolean;
}

/** A norm's tensor from its name: as it stands, or stored as its distance from one. */
type Norm = (name: string, width: number) => string | WeightSpec;

/**
 * Reads sizes and builds `depth` layers of mixer and gated MLP, each behind its norm. `mixer`
 * gets the layer's name and number.
 */
export function preNormShape(
  json: ConfigReader,
  defaults: PreNormDefaults,
  mixer: (at: string, layer: number, D: number) => Layer,
  norm: Norm = (name) => name,
): Shape {
  json.oneOf("hidden_act", ["silu"], "silu");
  const D = json.int("hidden_size", defaults.D);
  const mlp = {
    D,
    I: json.int("intermediate_size", defaults.I),
    bias: defaults.mlpBias ?? json.boolean("mlp_bias", false),
  };
  return {
    D,
    V: json.int("vocab_size", defaults.V),
    epsilon: json.number("rms_norm_eps", defaults.epsilon),
    contextLength: json.int("max_position_embeddings", defaults.contextLength),
    tied: json.boolean("tie_word_embeddings", defaults.tied),
    names: { embedding: "model.embed_tokens.weight", norm: norm("model.norm.weight", D), head: "lm_head.weight" },
    blocks: Array.from({ length: json.depth(defaults.depth) }, (_, i) => `model.layers.${i}`).flatMap((at, i) => [
      residual(norm(`${at}.input_layernorm.weight`, D), D, mixer(at, i, D)),
      residual(norm(`${at}.post_attention_layernorm.weight`, D), D, gatedMlp(`${at}.mlp`, mlp)),
    ]),
  };
}

/** Sizes and positions of grouped-query attention. `head` is the width of a head where the config names none. */
export function attentionSizes(
  json: ConfigReader,
  defaults: { D: number; Hq: number; Hkv?: number; head?: number; theta: number; partial?: number },
): Pick<AttentionConfig, "D" | "Hq" | "Hkv" | "P" | "rotary"> {
  const D = json.int("hidden_size", defaults.D);
  const Hq = json.int("num_attention_heads", defaults.Hq);
  const P = json.int("head_dim", defaults.head ?? Math.floor(D / Hq));
  return {
    D,
    Hq,
    Hkv: json.isNull("num_key_value_heads") ? Hq : json.int("num_key_value_heads", defaults.Hkv ?? Hq),
    P,
    rotary: rotaryConfig(json, P, { theta: defaults.theta, partial: defaults.partial ?? 1 }),
  };
}
