/**
 * Layer: what a mixer or an MLP needs (weights), keeps (state) and does (forward).
 *
 * Shapes are stated here once, as data: the converter, the pack reader, the state codec and the
 * parameter count all read them.
 */
import type { Address, Kernels } from "../kernels/kernels.ts";

/** One tensor of the pack, and the checkpoint tensors it is made of. */
export interface WeightSpec {
  name: string;
  /** Matrices are (R, C) and follow the pack's dtype; vectors stay f32. */
  kind: "matrix" | "vector";
  shape: number[];
  /** Checkpoint tensors, stacked along rows in this order. Each has its own shape there. */
  from: { name: string; shape: number[] }[];
  /** Turns the stacked checkpoint values into kernel form (e.g. A = −exp(A_log)). */
  prepare?: (values: Float32Array) => Float32Array;
  /** The inverse, for exports. */
  restore?: (values: Float32Array) => Float32Array;
}

/** A change of values on the way from a checkpoint into a pack, and the way back. */
export type Form = Required<Pick<WeightSpec, "prepare" | "restore">>;

/** One tensor of a conversation's state. */
export type StateSpec = FixedSpec | CacheSpec;

/** f32. */
export interface FixedSpec {
  kind: "fixed";
  name: string;
  shape: number[];
  /** What a turn leaves of it may be rounded to halves. */
  rounds?: true;
}

/** Keys and values of one attention layer. */
export interface CacheSpec {
  kind: "cache";
  name: string;
  /** Index of the layer in the checkpoint; layers that share weights have caches and indices of their own. */
  layer: number;
  heads: number;
  width: number;
  /** Positions that a token sees where the architecture bounds them. */
  window?: number;
}

/** What one attention layer keeps: the first `sinks` positions and the last `window`. */
export interface CacheLayout {
  dtype: "f32" | "int8";
  sinks: number;
  /** Positions that a token sees besides the sinks. */
  window: number;
}

/** Addresses of one cache, valid for this step only: it may move when it grows. */
export interface CacheAddress {
  keys: Address;
  keyScales: Address;
  values: Address;
  valueScales: Address;
  /** Slots after the sinks, for the modulus. */
  ring: number;
}

/** T new tokens of one conversation that already holds S: rows `at`…`at + T` of the step. */
export interface Run {
  at: number;
  T: number;
  S: number;
  /** Address of fixed state `index` (see `Bind.fixed`). */
  fixed(index: number): Address;
  cache(index: number): CacheAddress;
}

/** One forward call over T rows: of one conversation, or of several that share the reading of the weights. */
export interface Step {
  T: number;
  runs: readonly Run[];
}

/** A weight matrix (R, C) ready to multiply. */
export interface Matrix {
  readonly R: number;
  readonly C: number;
  /** y (T, pad8(R)) = x (T, C; stride xStride floats) · Wᵀ. */
  apply(y: Address, x: Address, xStride: number, T: number): void;
  /** The matrix of rows `from` ≤ row < `from + count`. Both are multiples of 8. */
  rows(from: number, count: number): Matrix;
}

/** What a layer gets when its weights are in place. */
export interface Bind {
  readonly kernels: Kernels;
  /** Longest slice that one step may hold. */
  readonly L: number;
  matrix(name: string): Matrix;
  vector(name: string): Address;
  /**
   * The floats at an address, for what only the host can decide. Valid until the memory
   * grows: take it anew in every step.
   */
  floats(at: Address, n: number): Float32Array;
  /** The step's token embeddings (T, D; dense), as they entered the first block. */
  embedded(): Address;
  /** Scratch of this layer; other layers use the same bytes. */
  scratch(bytes: number): Address;
  fixed(name: string): number;
  cache(name: string): { index: number; layout: CacheLayout };
  /**
   * cos/sin of the step's positions, none taken for more than `last`; shared by all layers with the same
   * frequencies and the same `last`.
   */
  rotary(frequencies: Float32Array, last?: number): RotaryTable;
}

/** Address of the step's table (T, frequencies), which the first layer that asks fills. */
export type RotaryTable = (step: Step) => Address;

/** Reads x (T, D; dense): the normed stream, or the stream itself in a block without a norm. Writes y (T, pad8(D)). */
export type Forward = (step: Step, x: Address, y: Address) => void;

export interface Layer {
  weights: WeightSpec[];
  state: StateSpec[];
  /** It calls `Bind.embedded`. */
  readsEmbedding?: boolean;
  bind(bind: Bind): Forward;
}

const spec = (kind: WeightSpec["kind"], name: string, shape: number[], from: WeightSpec["from"], form?: Form) => ({
  name,
  kind,
  shape,
  from,
  ...form,
});

export const vector = (name: string, shape: number[], form?: Form): WeightSpec =>
  spec("vector", name, shape, [{ name, shape }], form);

/** A norm's weight that the checkpoint stores as its distance from one (Gemma, Qwen 3.5). */
export const zeroCentred = (name: string, width: number): WeightSpec =>
  vector(name, [width], { prepare: (w) => w.map((x) => 1 + x), restore: (w) => w.map((x) => x - 1) });

export const matrix = (name: string, R: number, C: number, form?: Form): WeightSpec =>
  spec("matrix", name, [R, C], [{ name, shape: [R, C] }], form);

/** Several checkpoint matrices (or biases) with the same inputs, stacked so that one pass computes them all. */
export function stacked(
  kind: WeightSpec["kind"],
  name: string,
  parts: { name: string; rows: number }[],
  C?: number,
  form?: Form,
): WeightSpec {
  const rows = parts.reduce((n, part) => n + part.rows, 0);
  const shape = (R: number) => (C === undefined ? [R] : [R, C]);
  const from = parts.map((part) => ({ name: part.name, shape: shape(part.rows) }));
  return spec(kind, name, shape(rows), from, form);
}

/**
 * Multiplies constant factors into weights, one per run of rows of `width` values. Undefined when every factor is 1.
 *
 * Checkpoints with μP keep such factors in config.json; folded here they cost nothing later.
 */
export function scaleRows(width: number, ...runs: { rows: number; factor: number }[]): Form | undefined {
  if (runs.every(({ factor }) => factor === 1)) return undefined;
  const scaled = (values: Float32Array, by: (factor: number) => number) => {
    const out = Float32Array.from(values);
    let at = 0;
    for (const { rows, factor } of runs) {
      const end = at + rows * width;
      for (const f = by(factor); at < end; at++) out[at]! *= f;
    }
    return out;
  };
  return {
    prepare: (values) => scaled(values, (factor) => factor),
    // What a factor of zero has made of the weights has no way back, and none is needed.
    restore: (values) => scaled(values, (factor) => (factor === 0 ? 0 : 1 / factor)),
  };
}

/** A_log of the checkpoint → A, the rates by which a state decays. */
export const negativeExp: Form = {
  prepare: (aLog) => aLog.map((a) => -Math.exp(a)),
  restore: (A) => A.map((a) => Math.log(-a)),
};

/** (channels, 1, K) of the checkpoint → (K, channels), so that neighbouring channels share a load. */
export const tapMajor = (channels: number, K: number): Form => ({
  prepare: (w) =>
    Float32Array.from({ length: K * channels }, (_, i) => w[(i % channels) * K + Math.floor(i / channels)]!),
  restore: (w) => Float32Array.from({ length: K * channels }, (_, i) => w[(i % K) * channels + Math.floor(i / K)]!),
});
