/**
 * Rounding to 4 bits: per block of 32 the scale and offset of least squared error, then both rounded
 * to 8 bits against their row's.
 *
 * A block holds w = a·q − b with q in 0…15 and b ≥ 0. Candidates for `a` let the block's range span 8 to 16 steps:
 * whole numbers find the grid of a block that was rounded to 4 bits before (Q4_0, Q4_1), 15.5 and 16 clip the ends a
 * little. Each is refined by least squares.
 */

import { matrixBytes } from "../core/dtype.ts";
import { pad32 } from "../core/sizes.ts";

const SPANS = [15, 14, 13, 12, 11, 10, 9, 8, 14.5, 15.5, 16];
/** Largest 8-bit value that a row's largest scale takes; a few are tried. */
const TOPS = [255, 254, 253, 252, 251, 250, 249, 248];

/** Where weight c of a row lies: addresses of its scale, its offset and its nibble. */
export function q4Block(
  group: number,
  lane: number,
  c: number,
): { s: number; t: number; nibble: number; shift: number } {
  const block = group + 64 + (c >>> 5) * 144;
  const column = c & 15;
  const nibble = block + 16 + (column >>> 2) * 32 + (lane >>> 2) * 16 + (lane & 3) * 4 + (column & 3);
  return { s: block + lane, t: block + 8 + lane, nibble, shift: c & 16 ? 4 : 0 };
}

/** Scale and offset of one block, and the sums that the refinement needs. */
const fit = { a: 0, b: 0 };

export function packQ4Row(view: DataView, row: Float32Array, r: number, C: number): void {
  const group = (r >>> 3) * matrixBytes("q4", 8, C);
  const lane = r & 7;
  const blocks = pad32(C) / 32;
  const scales = new Float64Array(blocks);
  const offsets = new Float64Array(blocks);
  for (let i = 0; i < blocks; i++) {
    fitBlock(row, i * 32, Math.min(i * 32 + 32, C));
    scales[i] = fit.a;
    offsets[i] = fit.b;
  }
  const d = Math.fround(rowScale(scales));
  for (let i = 0; i < blocks; i++) {
    // The offset makes up for the rounded scale before it is rounded itself.
    scales[i] = d ? Math.round(scales[i]! / d) : 0;
    offsets[i] = bestOffset(row, i * 32, Math.min(i * 32 + 32, C), d * scales[i]!, offsets[i]!);
  }
  const m = Math.fround(rowScale(offsets));
  view.setFloat32(group + lane * 4, d, true);
  view.setFloat32(group + 32 + lane * 4, -m, true);
  for (let i = 0; i < blocks; i++) {
    const t = m ? Math.round(offsets[i]! / m) : 0;
    const at = q4Block(group, lane, i * 32);
    view.setUint8(at.s, scales[i]!);
    view.setUint8(at.t, t);
    const a = d * scales[i]!;
    const inverse = a ? 1 / a : 0;
    const b = m * t;
    for (let c = i * 32, end = Math.min(c + 32, C); c < end; c++) {
      const { nibble, shift } = q4Block(group, lane, c);
      view.setUint8(nibble, view.getUint8(nibble) | (step((row[c]! + b) * inverse) << shift));
    }
  }
}

/** Nearest of 0…15. */
const step = (x: number): number => (x <= 0 ? 0 : x >= 15 ? 15 : (x + 0.5) | 0);

/** fit ← the best scale and offset of row[from…end). */
function fitBlock(row: Float32Array, from: number, end: number): void {
  let low = 0;
  let high = Number.NEGATIVE_INFINITY;
  let sumW = 0;
  for (let c = from; c < end; c++) {
    const w = row[c]!;
    if (w < low) low = w;
    if (w > high) high = w;
    sumW += w;
  }
  fit.a = 0;
  fit.b = -low;
  if (high <= low) return;
  let best = Number.POSITIVE_INFINITY;
  let a = 0;
  let b = 0;
  for (const span of SPANS) {
    const gain = refine(row, from, end, span / (high - low), -low, sumW);
    if (gain < best) {
      best = gain;
      a = fit.a;
      b = fit.b;
    }
  }
  // The refined grid may put some weights on other steps.
  const again = refine(row, from, end, 1 / a, b, sumW);
  if (again < best) return;
  fit.a = a;
  fit.b = b;
}

/**
 * Puts the weights on the steps (w + b) · inverse, then sets fit to the least-squares scale and offset of these steps.
 * Returns the squared error without Σ w², which is the same for all candidates.
 */
function refine(row: Float32Array, from: number, end: number, inverse: number, b: number, sumW: number): number {
  const n = end - from;
  let sumQ = 0;
  let sumQQ = 0;
  let sumQW = 0;
  for (let c = from; c < end; c++) {
    const w = row[c]!;
    const q = step((w + b) * inverse);
    sumQ += q;
    sumQQ += q * q;
    sumQW += q * w;
  }
  const spread = n * sumQQ - sumQ * sumQ;
  let a = spread > 0 ? (n * sumQW - sumQ * sumW) / spread : 0;
  let offset = (sumW - a * sumQ) / n;
  if (offset > 0 || a <= 0) {
    offset = 0;
    a = sumQQ > 0 ? Math.max(sumQW / sumQQ, 0) : 0;
  }
  fit.a = a;
  fit.b = -offset;
  return a * a * sumQQ + 2 * a * offset * sumQ + n * offset * offset - 2 * a * sumQW - 2 * offset * sumW;
}

/** Offset of least squared error when the scale is `a`; `b` places the steps. */
function bestOffset(row: Float32Array, from: number, end: number, a: number, b: number): number {
  if (a === 0) return b;
  const inverse = 1 / a;
  let sum = 0;
  for (let c = from; c < end; c++) sum += a * step((row[c]! + b) * inverse) - row[c]!;
  return Math.max(sum / (end - from), 0);
}

/** What 1 of 255 stands for, so that the values of a row lie close to whole multiples. */
function rowScale(values: Float64Array): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, value);
  let best = Number.POSITIVE_INFINITY;
  let chosen = 0;
  for (const top of TOPS) {
    const unit = largest / top;
    let error = 0;
    if (unit > 0) for (const value of values) error += (Math.round(value / unit) * unit - value) ** 2;
    if (error < best) {
      best = error;
      chosen = unit;
    }
  }
  return chosen;
}
