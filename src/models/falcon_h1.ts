/**
 * Falcon-H1: in every layer Mamba-2 and attention read the same normed stream and are summed; then a gated MLP.
 *
 * Its μP factors are multiplied into the weights at conversion, except those of embedding and
 * head, which may be one tied matrix.
 * Source: transformers `models/falcon_h1`; checkpoints tiiuae/Falcon-H1-*.
 * Golden: test/golden/falcon_h1-*, from training/golden.py.
 */
import type { ConfigReader } from "../core/config-reader.ts";
import { check } from "../core/failure.ts";
import { attention, gatedMlp, type Mamba2Config, mamba2, rotaryConfig } from "../layers/index.ts";
import { type Architecture, residual } from "./architecture.ts";
import { falconGguf } from "./hybrid-gguf.ts";
import { bambaFields, mixerSizes } from "./mixer-sizes.ts";

export const falcon_h1: Architecture = {
  type: "falcon_h1",
  read(json) {
    json.oneOf("hidden_act", ["silu"], "silu");
    const D = json.int("hidden_size", 4096);
    const epsilon = json.number("rms_norm_eps", 1e-5);
    const Hq = json.int("num_attention_heads", 32);
    const P = json.int("head_dim", Math.floor(D / Hq));
    const bias = json.boolean("attention_bias", false);
    const mixer = {
      D,
      Hq,
      Hkv: json.isNull("num_key_value_heads") ? Hq : json.int("num_key_value_heads", 8),
      P,
      rotary: rotaryConfig(json, P, { theta: 10_000, partial: 1 }),
      bias,
      outputBias: bias,
      factors: {
        input: json.number("attention_in_multiplier", 1),
        key: json.number("key_multiplier", 1),
        output: json.number("attention_out_multiplier", 1),
      },
    };
    const scan = scanConfig(json, D, epsilon);
    const [gate, down] = factors(json, "mlp_multipliers", 2);
    const mlp = {
      D,
      I: json.int("intermediate_size", 14_336),
      bias: json.boolean("mlp_bias", false),
      factors: { gate: gate!, down: down! },
    };
    const depth = json.depth(32);
    return {
      D,
      V: json.int("vocab_size", 128_000),
      epsilon,
      contextLength: json.int("max_position_embeddings", 8192),
      tied: json.boolean("tie_word_embeddings", false),
      names: { embedding: "model.embed_tokens.weight", norm: "model.final_layernorm.weight", head: "lm_head.weight" },
      scale: { embedding: json.number("embedding_multiplier", 1), logits: json.number("lm_head_multiplier", 1) },
      blocks: Array.from({ length: depth }, (_, i) => `model.layers.${i}`).flatMap((at, layer) => [
        residual(
          `${at}.input_layernorm.weight`,
          D,
          mamba2(`${at}.mamba`, scan),
          attention(`${at}.self_attn`, { ...mixer, layer }),
        ),
        residual(`${at}.pre_ff_layernorm.weight`, D, gatedMlp(`${at}.feed_forward`, mlp)),
      ]),
    };
  },
  gguf: falconGguf,
};

function scanConfig(json: ConfigReader, D: number, epsilon: number): Mamba2Config {
  const inner = json.isNull("mamba_d_ssm") ? json.int("mamba_expand", 2) * D : json.int("mamba_d_ssm", 1024);
  const [z, x, B, C, dt] = factors(json, "ssm_multipliers", 5) as [number, number, number, number, number];
  const hasNorm = json.boolean("mamba_rms_norm", false);
  const gateLast = json.boolean("mamba_norm_before_gate", true);
  return {
    D,
    ...mixerSizes(json, inner, bambaFields),
    convBias: json.boolean("mamba_conv_bias", true),
    projectionBias: json.boolean("mamba_proj_bias", false),
    outputBias: json.boolean("projectors_bias", false),
    epsilon,
    gate: hasNorm ? (gateLast ? "after-norm" : "inside-norm") : "no-norm",
    factors: {
      input: json.number("ssm_in_multiplier", 1),
      parts: { z, x, B, C, dt },
      output: json.number("ssm_out_multiplier", 1),
    },
  };
}

function factors(json: ConfigReader, field: string, length: number): number[] {
  const found = json.numbers(
    field,
    Array.from({ length }, () => 1),
  );
  check(
    found.length === length,
    "weights_invalid",
    () => `config.json: ${field}: expected ${length} numbers, got ${found.length}`,
    field,
  );
  return found;
}
