/**
 * SentenceEncoder: what a sentence means, as a direction in 512 dimensions. Sentences that say or ask about the same
 * thing point the same way, whatever words and language they use.
 *
 * The encoder of universal-sentence-encoder-multilingual v3: beside each token's vector three branches look at two,
 * three and five neighbours with two layers each; all are summed over the sentence, and a small network follows.
 * Arithmetic has the same bits on every machine: the kernels sum in whole numbers and in a fixed order, and what is
 * done here uses only operations that IEEE 754 defines exactly.
 */
import { fromHalf } from "../kernels/half.ts";
import type { Kernels } from "../kernels/kernels.ts";
import { instantiateKernels } from "../kernels/wasm.ts";
import { BRANCH, BRANCHES, type EncoderFile, FEATURES, readEncoderFile, VECTOR, WIDE } from "./encoder-file.ts";
import { type EncoderMemory, TOKENS_MAX } from "./encoder-memory.ts";
import { normalized, Pieces } from "./pieces.ts";

const FIRST = 1;
const LAST = 2;
const EPS = 1e-12;
/** Four levels of least squared error for a normal distribution. */
const LEVELS = [-1.51, -0.4528, 0.4528, 1.51];

export class SentenceEncoder {
  readonly #file: EncoderFile;
  readonly #pieces: Pieces;
  readonly #at: EncoderMemory;
  readonly #kernels: Kernels;

  /** Fails with `weights_invalid`. The module: wasm/build/kernels.wasm. */
  constructor(
    at: EncoderMemory,
    module: WebAssembly.Module,
    kernelsOver: (memory: WebAssembly.Memory) => Kernels = (memory) => instantiateKernels(module, memory),
  ) {
    this.#at = at;
    this.#file = readEncoderFile(new Uint8Array(at.memory.buffer, at.fileAt, at.fileBytes));
    this.#pieces = new Pieces(this.#file);
    this.#kernels = kernelsOver(at.memory);
  }

  /** The pieces of a text, at most 64, a beginning and an end among them. */
  tokens(text: string): number[] {
    return [FIRST, ...this.#pieces.cut(normalized(text)).slice(0, TOKENS_MAX - 2), LAST];
  }

  /** Of length 1, seen from the mean of all words, so that what has nothing in common lies at right angles. */
  encode(text: string): Float32Array {
    const ids = this.tokens(text);
    const T = ids.length;
    const features = new Float32Array(T * FEATURES);
    const embedded = new Float32Array(T * VECTOR);
    for (const [t, id] of ids.entries()) this.#embed(id, embedded.subarray(t * VECTOR, (t + 1) * VECTOR));
    put(features, embedded, T, VECTOR, FEATURES, 0);
    const wide = this.#product("project", embedded, T);
    addTo(wide, this.#vector("project"));
    for (const [i, { order, left }] of BRANCHES.entries()) {
      const x = new Float32Array(T * BRANCH);
      for (let t = 0; t < T; t++) x.set(wide.subarray(t * WIDE + i * BRANCH, t * WIDE + (i + 1) * BRANCH), t * BRANCH);
      const here = (name: string) => this.#vector(name).subarray(i * BRANCH, (i + 1) * BRANCH);
      layerNorm(x, here("project_gain"), here("project_bias"));
      for (const layer of [`first_${order}`, `second_${order}`]) {
        const seen = this.#product(layer, x, T, left, order);
        addTo(seen, this.#vector(layer));
        for (let n = 0; n < x.length; n++) x[n]! += Math.max(seen[n]!, 0);
      }
      put(features, x, T, BRANCH, FEATURES, VECTOR + i * BRANCH);
    }
    layerNorm(features, this.#vector("gain"), this.#vector("bias"));
    return this.#direction(features, T);
  }

  /**
   * Whether a question's direction is one of those about the asker's own life (above 0) or about the world (below 0),
   * whatever its words are; mostly -3 to 3.
   */
  ownness(direction: Float32Array): number {
    const own = this.#vector("own");
    return direction.reduce((sum, number, d) => sum + number * own[d]!, 0);
  }

  /**
   * Where the answers to a question of this direction are, what was told in passing above
   * all. As long as the direction.
   */
  towardsAnswers(direction: Float32Array): Float32Array {
    const towards = this.#product("asked", direction, 1);
    addTo(towards, direction);
    const length = lengthOf(direction);
    return toLengthOne(towards).map((number) => number * length);
  }

  #direction(features: Float32Array, T: number): Float32Array {
    const sum = new Float32Array(FEATURES);
    addAll(sum, features);
    const pooled = this.#product("pool", sum, 1);
    const bias = this.#vector("pool");
    const root = Math.sqrt(T);
    for (let d = 0; d < VECTOR; d++) pooled[d] = (pooled[d]! + T * bias[d]!) / root;
    const y0 = positive(this.#product("d0", pooled, 1));
    const y1 = this.#product("p1", pooled, 1);
    addTo(y1, this.#product("d1", y0, 1));
    const y2 = positive(this.#product("d2", positive(y1), 1));
    const z = this.#product("p3", y1, 1);
    addTo(z, this.#product("d3", y2, 1));
    const unit = toLengthOne(z.map(tanh));
    const mean = this.#vector("mean");
    return toLengthOne(unit.map((number, d) => number - mean[d]!));
  }

  #embed(id: number, row: Float32Array): void {
    const { codes, scales } = this.#file;
    const scale = fromHalf(scales[id]!);
    const at = (id * VECTOR) / 4;
    for (let d = 0; d < VECTOR; d++) row[d] = LEVELS[(codes[at + (d >> 2)]! >> (2 * (d & 3))) & 3]! * scale;
  }

  #vector = (name: string): Float32Array => this.#file.vectors.get(name)!;

  /**
   * x (T, ·) · Wᵀ. Where it sees neighbours, a row is `order` rows of x, `left` of them before
   * its own; zeros stand around x.
   */
  #product(name: string, x: Float32Array, T: number, left = 0, order = 1): Float32Array {
    const { at, R, C } = this.#file.matrices.get(name)!;
    const { memory, fileAt, rounded, input, output } = this.#at;
    const stride = C / order;
    const rows = new Float32Array(memory.buffer, input, (T + order - 1) * stride);
    rows.fill(0);
    rows.set(x, left * stride);
    this.#kernels.quantize(rounded, input, stride, T, C);
    this.#kernels.matQ4(output, rounded, fileAt + at, T, R, C);
    return new Float32Array(memory.buffer, output, T * R).slice();
  }
}

/** Rows of n floats to column `column` of rows of `stride`. */
function put(to: Float32Array, rows: Float32Array, T: number, n: number, stride: number, column: number): void {
  for (let t = 0; t < T; t++) to.set(rows.subarray(t * n, (t + 1) * n), t * stride + column);
}

/** Each row of x gets `b` added. */
function addTo(x: Float32Array, b: Float32Array): void {
  for (let from = 0; from < x.length; from += b.length) for (let d = 0; d < b.length; d++) x[from + d]! += b[d]!;
}

/** All rows of x are added to `sum`. */
function addAll(sum: Float32Array, x: Float32Array): void {
  for (let from = 0; from < x.length; from += sum.length) for (let d = 0; d < sum.length; d++) sum[d]! += x[from + d]!;
}

function positive(x: Float32Array): Float32Array {
  for (let d = 0; d < x.length; d++) if (x[d]! < 0) x[d] = 0;
  return x;
}

/** Each row of x gets mean 0 and variance 1, then gain and bias. */
function layerNorm(x: Float32Array, gain: Float32Array, bias: Float32Array): void {
  const n = gain.length;
  for (let from = 0; from < x.length; from += n) {
    let mean = 0;
    for (let d = 0; d < n; d++) mean += x[from + d]!;
    mean /= n;
    let variance = 0;
    for (let d = 0; d < n; d++) variance += (x[from + d]! - mean) * (x[from + d]! - mean);
    const scale = 1 / Math.sqrt(variance / n + EPS);
    for (let d = 0; d < n; d++) x[from + d] = (x[from + d]! - mean) * scale * gain[d]! + bias[d]!;
  }
}

/** From a continued fraction, right to 2e-4 of 1 everywhere: engines differ in the last bits of their own. */
function tanh(x: number): number {
  if (Math.abs(x) > 4.9) return Math.sign(x);
  const s = x * x;
  return (x * (135135 + s * (17325 + s * (378 + s)))) / (135135 + s * (62370 + s * (3150 + s * 28)));
}

function lengthOf(x: Float32Array): number {
  let sum = 0;
  for (const number of x) sum += number * number;
  return Math.sqrt(sum);
}

function toLengthOne(x: Float32Array): Float32Array {
  const length = lengthOf(x) || 1;
  return x.map((number) => number / length);
}
