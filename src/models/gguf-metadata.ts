/** Metadata that GGUF files of several architectures have in common, made from a model and its config. */
import { check, Failure } from "../core/failure.ts";
import type { CacheSpec } from "../layers/layer.ts";
import type { GgufConfig, GgufValue, Model } from "./architecture.ts";

export type Metadata = Record<string, GgufValue>;

export const u32 = (value: number): GgufValue => ({ u32: value });
export const f32 = (value: number): GgufValue => ({ f32: value });

/** What has no form in a file that llama.cpp reads. */
export function noForm(field: string, message: string): never {
  throw new Failure("request_invalid", `--gguf: ${field}: ${message}`, { param: field });
}

/** Files state no bounds of the time step: those of the model are the given ones, or it has no form. */
export function noBounds(config: GgufConfig, field: string, usual: readonly unknown[]): void {
  const found = config[field];
  const list = Array.isArray(found) ? found : found === undefined || found === null ? [] : [found];
  const isUsual = list.every((value, i) => {
    const named = (value as { __float__?: unknown } | null)?.__float__;
    return value === usual[i] || (named === "Infinity" && usual[i] === Number.POSITIVE_INFINITY);
  });
  if (!isUsual) noForm(field, `llama.cpp bounds no time step, got ${JSON.stringify(found)}`);
}

/** Windows that only some architectures' files state. */
export function noWindows(model: Model): void {
  const slides = model.state.find((spec) => spec.kind === "cache" && spec.window !== undefined);
  if (slides) noForm("sliding_window", "llama.cpp's form of this architecture sees every position in every layer");
}

/** Sizes of the stream and of MLPs. */
export function streamMetadata(model: Model, depth: number): Metadata {
  return {
    vocab_size: u32(model.V),
    context_length: u32(Math.min(model.contextLength, 2 ** 20)),
    embedding_length: u32(model.D),
    block_count: u32(depth),
    feed_forward_length: u32(widthOf(model, /(down_proj|w2)\.weight$/) ?? 0),
    "attention.layer_norm_rms_epsilon": f32(model.epsilon),
  };
}

/** Inner width of the first matrix of that name. */
export const widthOf = (model: Model, name: RegExp): number | undefined =>
  model.weights.find((weight) => name.test(weight.name))?.shape[1];

const cachesOf = (model: Model) => model.state.filter((spec): spec is CacheSpec => spec.kind === "cache");

/** Heads of attention, the same in all its layers; by layer where some have none. */
export function attentionMetadata(model: Model, depth: number): Metadata {
  const caches = cachesOf(model);
  const [first] = caches;
  if (!first) return { "attention.head_count": u32(0) };
  const { heads, width } = first;
  const Hq = widthOf(model, /(self_attn|mixer)\.o_proj\.weight$/)! / width;
  const at = new Set(caches.map(({ layer }) => layer));
  return {
    "attention.head_count": u32(Hq),
    "attention.head_count_kv":
      at.size === depth ? u32(heads) : { i32s: Array.from({ length: depth }, (_, i) => (at.has(i) ? heads : 0)) },
    "attention.key_length": u32(width),
    "attention.value_length": u32(width),
  };
}

type Json = Record<string, unknown>;

/** The object of positions, with what older configs state beside it. */
export function positionsOf(config: GgufConfig): Json {
  const chosen = (config.rope_scaling ?? config.rope_parameters ?? {}) as Json;
  const partial = chosen.partial_rotary_factor ?? config.partial_rotary_factor;
  return {
    ...chosen,
    rope_type: chosen.rope_type ?? chosen.type ?? "default",
    ...(chosen.rope_theta === undefined && config.rope_theta !== undefined ? { rope_theta: config.rope_theta } : {}),
    ...(partial === undefined || partial === null ? {} : { partial_rotary_factor: partial }),
  };
}

/** `llama3` is a tensor of its own (export/gguf.ts). */
export function rotaryMetadata(model: Model, config: GgufConfig, theta: number, partial = 1): Metadata {
  const [cache] = cachesOf(model);
  const { rope_type: type, factor, ...positions } = positionsOf(config);
  check(
    ["default", "linear", "llama3"].includes(String(type)),
    "request_invalid",
    () => `--gguf: rope_scaling: expected default, linear or llama3, got ${String(type)}`,
  );
  const turned = Math.trunc((cache?.width ?? 0) * Number(positions.partial_rotary_factor ?? partial));
  return {
    "rope.freq_base": f32(Number(positions.rope_theta ?? theta)),
    ...(turned > 0 ? { "rope.dimension_count": u32(turned) } : {}),
    ...(type === "linear" ? { "rope.scaling.type": "linear", "rope.scaling.factor": f32(Number(factor)) } : {}),
  };
}

/** Of a Mamba-2 mixer: its sizes by the names that a config gives them. */
export function mixerMetadata(sizes: { K: number; inner: number; N: number; H: number; G: number }): Metadata {
  return {
    "ssm.conv_kernel": u32(sizes.K),
    "ssm.inner_size": u32(sizes.inner),
    "ssm.state_size": u32(sizes.N),
    "ssm.time_step_rank": u32(sizes.H),
    "ssm.group_count": u32(sizes.G),
  };
}

/** Of the first mixer, from its state (H, P, N) and the convolution's taps (channels, 1, K). */
export function mixerSizesOf(model: Model): { K: number; inner: number; N: number; H: number; G: number } {
  const state = model.state.find((spec) => spec.kind === "fixed" && spec.name.endsWith(".ssm"));
  const [H = 0, P = 0, N = 0] = state?.kind === "fixed" ? state.shape : [];
  const [channels = 0, , K = 0] = model.weights.find(({ name }) => name.endsWith("conv1d.weight"))?.shape ?? [];
  return { H, N, K, inner: H * P, G: N === 0 ? 0 : (channels - H * P) / (2 * N) };
}
