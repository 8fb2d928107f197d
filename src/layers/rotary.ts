/**
 * Inverse frequencies of rotary position embeddings, with the scalings that checkpoints use.
 *
 * Source: RoFormer, arXiv 2104.09864; transformers `modeling_rope_utils.py` (default, linear,
 * llama3), rounded to f32 as there.
 */
import type { ConfigReader } from "../core/config-reader.ts";
import { check } from "../core/failure.ts";

const f32 = Math.fround;

export interface RotaryConfig {
  theta: number;
  /** Dims of each head that turn; an odd number turns one more. */
  turned: number;
  scaling:
    | { type: "default" }
    | { type: "linear"; factor: number }
    | { type: "llama3"; factor: number; low: number; high: number; original: number };
}

/**
 * Reads both spellings: `rope_parameters` (transformers 5), and `rope_scaling` with `rope_theta` beside it,
 * which wins where both stand. `partial` holds where neither the chosen object nor the config around it
 * names a `partial_rotary_factor`.
 */
export function rotaryConfig(
  json: ConfigReader,
  P: number,
  defaults: { theta: number; partial: number },
): RotaryConfig {
  return rotaryFrom(json.object(json.has("rope_scaling") ? "rope_scaling" : "rope_parameters"), json, P, defaults);
}

/**
 * Reads one object of positions, where a config has several (Gemma 3: one for each kind of layer);
 * `json` is the config around it.
 */
export function rotaryFrom(
  chosen: ConfigReader,
  json: ConfigReader,
  P: number,
  defaults: { theta: number; partial: number },
): RotaryConfig {
  const theta = chosen.number("rope_theta", json.number("rope_theta", defaults.theta));
  const turned = Math.trunc(
    P * chosen.number("partial_rotary_factor", json.number("partial_rotary_factor", defaults.partial)),
  );
  check(
    turned >= 0 && turned <= P,
    "weights_invalid",
    () => `partial_rotary_factor: expected at most 1, got ${turned / P}`,
  );
  const kind = chosen.has("rope_type") ? "rope_type" : "type";
  const type = chosen.oneOf(kind, ["default", "linear", "llama3"], "default");
  if (type === "default") return { theta, turned, scaling: { type } };
  const factor = chosen.number("factor");
  if (type === "linear") return { theta, turned, scaling: { type, factor } };
  const low = chosen.number("low_freq_factor");
  const high = chosen.number("high_freq_factor");
  const length = "original_max_position_embeddings";
  const inner = chosen.number(length, json.number("max_position_embeddings", 0));
  return { theta, turned, scaling: { type, factor, low, high, original: json.number(length, inner) } };
}

/** Radians per position for each pair of dims: (⌈turned / 2⌉), f32. */
export function inverseFrequencies({ theta, turned, scaling }: RotaryConfig): Float32Array {
  return Float32Array.from({ length: Math.ceil(turned / 2) }, (_, i) => {
    const plain = f32(1 / f32(theta ** f32((2 * i) / turned)));
    if (scaling.type === "default") return plain;
    if (scaling.type === "linear") return f32(plain / scaling.factor);
    const wavelength = (2 * Math.PI) / plain;
    if (wavelength < scaling.original / scaling.high) return plain;
    if (wavelength > scaling.original / scaling.low) return f32(plain / scaling.factor);
    const smooth = (scaling.original / wavelength - scaling.low) / (scaling.high - scaling.low);
    return f32(((1 - smooth) * plain) / scaling.factor + smooth * plain);
  });
}
