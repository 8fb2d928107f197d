/**
 * SentenceEncoder: what a sentence means, as a direction in 512 dimensions. Sentences that say or ask about the same thing point the same way, whatever
 * words and language they use.
 *
 * The encoder of universal-sentence-encoder-multilingual v3: beside each token's vector three branches look at two, three and five neighbours with two
 * layers each; all are summed over the sentence, and a small network follows. Arithmetic has the same bits on every machine: the kernels sum in whole
 * numbers and in a fixed order, and what is done here uses only operations that IEEE 754 defines exactly.
 */
import { quantizedRowBytes } from "../core/dtype.ts";
import { padTo } from "../core/sizes.ts";
import { fromHalf } from "../kernels/half.ts";
import type { Kernels } from "../kernels/kernels.ts";
import { instantiateKernels } from "../kernels/wasm.ts";
import { BRANCH, BRANCHES, type EncoderFile, FEATURES, readEncoderFile, VECTOR } from "./encoder-file.ts";
import { normalized, Pieces } from "./pieces.ts";

/** Of a longer sentence the beginning counts. */
const TOKENS_MAX = 64;
const FIRST = 1;
const LAST = 2;
const EPS = 1e-12;
/** Four levels of least squared error for a normal distribution. */
const LEVELS = [-1.51, -0.4528, 0.4528, 1.51];

/** Kernels keep their own data below it. */
const WEIGHTS_AT = 65_536;
const PAGE = 65_536;
const WIDE = BRANCHES.length * BRANCH;
/** Rows of zeros around a sentence, for the widest branch. */
const AROUND = 4;

export class SentenceEncoder {
  readonly #file: Pick<EncoderFile, "codes" | "scales" | "vectors" | "matrices">;
  readonly #pieces: Pieces;
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: Kernels;
  readonly #rounded: number;
  readonly #input: number;
  readonly #output: number;

  /** Fails with `weights_invalid`. The module: wasm/build/kernels.wasm. The file's bytes must not change afterwards. */
  constructor(
    file: ArrayBuffer | Uint8Array,
    module: WebAssembly.Module,
    kernelsOver: (memory: WebAssembly.Memory) => Kernels = (memory) => instantiateKernels(module, memory),
  ) {
    const { pieces, scores, weights, ...rest } = readEncoderFile(file);
    this.#file = rest;
    this.#pieces = new Pieces(pieces, scores);
    this.#rounded = WEIGHTS_AT + padTo(weights.length, 16);
    this.#input = this.#rounded + TOKENS_MAX * quantizedRowBytes(FEATURES);
    this.#output = this.#input + 4 * (TOKENS_MAX + AROUND) * FEATURES;
    const end = this.#output + 4 * TOKENS_MAX * FEATURES;
    this.#memory = new WebAssembly.Memory({ initial: padTo(end, PAGE) / PAGE });
    this.#kernels = kernelsOver(this.#memory);
    new Uint8Array(this.#memory.buffer).set(weights, WEIGHTS_AT);
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

  /** Whether a question's direction is one of those about the asker's own life (above 0) or about the world (below 0), whatever its words are; mostly -3 to 3. */
  ownness(direction: Float32Array): number {
    const own = this.#vector("own");
    return direction.reduce((sum, number, d) => sum + number * own[d]!, 0);
  }

  #direction(features: Float32Array, T: number): Float32Array {
    const sum = new Float32Array(FEATURES);
    for (let n = 0; n < features.length; n++) sum[n % FEATURES]! += features[n]!;
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

  /** x (T, ·) · Wᵀ. Where it sees neighbours, a row is `order` rows of x, `left` of them before its own; zeros stand around x. */
  #product(name: string, x: Float32Array, T: number, left = 0, order = 1): Float32Array {
    const { at, R, C } = this.#file.matrices.get(name)!;
    const stride = C / order;
    const input = new Float32Array(this.#memory.buffer, this.#input, (T + AROUND) * stride);
    input.fill(0);
    input.set(x, left * stride);
    this.#kernels.quantize(this.#rounded, this.#input, stride, T, C);
    this.#kernels.matQ4(this.#output, this.#rounded, WEIGHTS_AT + at, T, R, C);
    return new Float32Array(this.#memory.buffer, this.#output, T * R).slice();
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

function toLengthOne(x: Float32Array): Float32Array {
  let sum = 0;
  for (const number of x) sum += number * number;
  const length = Math.sqrt(sum) || 1;
  return x.map((number) => number / length);
}
