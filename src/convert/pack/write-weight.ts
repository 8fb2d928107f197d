/**
 * writeWeight: one tensor of the pack, gathered from the checkpoint, prepared, quantised, appended to the payload.
 *
 * Matrices go slice by slice, so that a large one is never whole in memory; groups of eight rows
 * are independent in every dtype.
 */

import { type Dtype, matrixBytes, vectorBytes } from "../../core/dtype.ts";
import { Failure } from "../../core/failure.ts";
import { product } from "../../core/sizes.ts";
import { packMatrix } from "../../kernels/layout.ts";
import type { WeightSpec } from "../../layers/layer.ts";
import { type CheckpointSource, rowsOf } from "../checkpoint/checkpoint-source.ts";
import type { PayloadWriter } from "./payload-writer.ts";

const SLICE_BYTES = 16 * 1024 * 1024;
/** From here on a half float rounds to infinity. */
const HALF_LIMIT = 65_520;

interface WriteOptions {
  /** Of matrices. */
  dtype: Dtype;
  signal?: AbortSignal | undefined;
  /** Most bytes of f32 rows held at once. */
  sliceBytes?: number;
}

export async function writeWeight(
  source: CheckpointSource,
  writer: PayloadWriter,
  weight: WeightSpec,
  { dtype, signal, sliceBytes = SLICE_BYTES }: WriteOptions,
): Promise<void> {
  const { name, kind, shape, from } = weight;
  if (kind === "vector") {
    const values = await prepared(source, weight);
    checkValues(values, name, from, 0, Infinity);
    await writer.begin({ name, kind, dtype: "f32", shape, bytes: vectorBytes(shape) });
    return writer.append(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  const [R, C] = shape as [number, number];
  const limit = dtype === "f16" ? HALF_LIMIT : Infinity;
  const whole = weight.prepare ? await prepared(source, weight) : undefined;
  await writer.begin({ name, kind, dtype, shape, bytes: matrixBytes(dtype, R, C) });
  const step = Math.max(8, Math.floor(sliceBytes / (4 * C) / 8) * 8);
  for (let row = 0; row < R; row += step) {
    signal?.throwIfAborted();
    const end = Math.min(row + step, R);
    const rows = whole?.subarray(row * C, end * C) ?? (await gather(source, from, row, end));
    checkValues(rows, name, from, row, limit);
    await writer.append(packMatrix(dtype, rows, end - row, C));
  }
}

async function prepared(source: CheckpointSource, { name, shape, from, prepare }: WeightSpec): Promise<Float32Array> {
  const rows = from.reduce((n, part) => n + rowsOf(part.shape).rows, 0);
  const stacked = await gather(source, from, 0, rows);
  checkValues(stacked, name, from, 0, Infinity);
  const values = prepare ? prepare(stacked) : stacked;
  if (values.length === product(shape)) return values;
  throw new Failure("bug", `${name}: expected ${product(shape)} values, prepared ${values.length}`);
}

/** Rows `from` ≤ row < `to` of the stacked parts. */
async function gather(
  source: CheckpointSource,
  parts: WeightSpec["from"],
  from: number,
  to: number,
): Promise<Float32Array> {
  const { width } = rowsOf(parts[0]!.shape);
  const out = new Float32Array((to - from) * width);
  let partStart = 0;
  for (const { name, shape } of parts) {
    const { rows } = rowsOf(shape);
    const first = Math.max(from, partStart);
    const end = Math.min(to, partStart + rows);
    if (first < end) out.set(await source.rows(name, first - partStart, end - partStart), (first - from) * width);
    partStart += rows;
  }
  return out;
}

/**
 * Names the checkpoint tensor and the index in it of the first value that is not finite, or too large for the dtype.
 */
function checkValues(
  values: Float32Array,
  weight: string,
  parts: WeightSpec["from"],
  firstRow: number,
  limit: number,
): void {
  for (let i = 0; i < values.length; i++) {
    if (Math.abs(values[i]!) < limit) continue; // false for NaN
    const { width } = rowsOf(parts[0]!.shape);
    let row = firstRow + Math.floor(i / width);
    const part = parts.find(({ shape }) => {
      const { rows } = rowsOf(shape);
      if (row < rows) return true;
      row -= rows;
      return false;
    });
    const at = `tensor ${part?.name ?? weight}[${parts[0]!.shape.length > 1 ? `${row}, ${i % width}` : row}]`;
    const expected = limit === Infinity ? "a finite number" : `a number that fits f16 (below ${limit})`;
    throw new Failure("weights_invalid", `${at}: expected ${expected}, got ${values[i]}`, {
      param: part?.name ?? weight,
    });
  }
}
