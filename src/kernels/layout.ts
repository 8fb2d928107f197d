/**
 * Matrices to kernel order and back, for every dtype. The order is drawn in docs/notation.md.
 *
 * Groups of eight rows are independent, so a large matrix may be packed in slices of a multiple of eight rows.
 */
import { type Dtype, matrixBytes } from "../core/dtype.ts";
import { fromHalf, toHalf } from "./half.ts";
import { packQ4Row, q4Block } from "./pack-q4.ts";

/** Rows (R, C) row-major to kernel order, rounding to the dtype. `out` must have matrixBytes(dtype, R, C) bytes. */
export function packMatrix(
  dtype: Dtype,
  rows: Float32Array,
  R: number,
  C: number,
  out: Uint8Array = new Uint8Array(matrixBytes(dtype, R, C)),
): Uint8Array {
  if (rows.length !== R * C) throw new RangeError(`matrix: expected (${R}, ${C}), got ${rows.length} values`);
  if (out.length !== matrixBytes(dtype, R, C))
    throw new RangeError(`matrix: ${out.length} bytes for (${R}, ${C}) ${dtype}`);
  out.fill(0);
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  for (let r = 0; r < R; r++) packRow[dtype](view, rows.subarray(r * C, (r + 1) * C), r, C);
  return out;
}

/** The inverse of packMatrix, up to the rounding. */
export function unpackMatrix(dtype: Dtype, bytes: Uint8Array, R: number, C: number): Float32Array {
  if (bytes.length !== matrixBytes(dtype, R, C))
    throw new RangeError(`matrix: ${bytes.length} bytes for (${R}, ${C}) ${dtype}`);
  const rows = new Float32Array(R * C);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let r = 0; r < R; r++) unpackRow(dtype, view, r, C, rows.subarray(r * C, (r + 1) * C));
  return rows;
}

/** Row r of a packed matrix into `row` (C). The same order as in `packRow`, read. */
export function unpackRow(dtype: Dtype, view: DataView, r: number, C: number, row: Float32Array): void {
  const group = (r >>> 3) * matrixBytes(dtype, 8, C);
  const lane = r & 7;
  for (let c = 0; c < C; c++) row[c] = weightAt[dtype](view, group, lane, c);
}

type PackRow = (view: DataView, row: Float32Array, r: number, C: number) => void;
type WeightAt = (view: DataView, group: number, lane: number, c: number) => number;

const q8Block = (group: number, c: number): number => group + (c >>> 5) * 288;
const q8Byte = (block: number, lane: number, c: number): number =>
  block + 32 + ((c & 31) >>> 1) * 16 + lane * 2 + (c & 1);

const packRow: Record<Dtype, PackRow> = {
  f32: (view, row, r, C) => {
    const group = (r >>> 3) * matrixBytes("f32", 8, C);
    for (let c = 0; c < C; c++) view.setFloat32(group + c * 32 + (r & 7) * 4, row[c]!, true);
  },
  f16: (view, row, r, C) => {
    const group = (r >>> 3) * matrixBytes("f16", 8, C);
    for (let c = 0; c < C; c++) view.setUint16(group + c * 16 + (r & 7) * 2, toHalf(row[c]!), true);
  },
  q8: (view, row, r, C) => {
    const group = (r >>> 3) * matrixBytes("q8", 8, C);
    for (let first = 0; first < C; first += 32) {
      const block = q8Block(group, first);
      const end = Math.min(first + 32, C);
      let largest = 0;
      for (let c = first; c < end; c++) largest = Math.max(largest, Math.abs(row[c]!));
      const scale = Math.fround(largest / 127);
      view.setFloat32(block + (r & 7) * 4, scale, true);
      for (let c = first; c < end; c++) {
        view.setInt8(q8Byte(block, r & 7, c), scale ? Math.max(-127, Math.min(127, Math.round(row[c]! / scale))) : 0);
      }
    }
  },
  q4: packQ4Row,
};

const weightAt: Record<Dtype, WeightAt> = {
  f32: (view, group, lane, c) => view.getFloat32(group + c * 32 + lane * 4, true),
  f16: (view, group, lane, c) => fromHalf(view.getUint16(group + c * 16 + lane * 2, true)),
  q8: (view, group, lane, c) => {
    const block = q8Block(group, c);
    return view.getFloat32(block + lane * 4, true) * view.getInt8(q8Byte(block, lane, c));
  },
  q4: (view, group, lane, c) => {
    const { s, t, nibble, shift } = q4Block(group, lane, c);
    const d = view.getFloat32(group + lane * 4, true);
    const m = view.getFloat32(group + 32 + lane * 4, true);
    return d * view.getUint8(s) * ((view.getUint8(nibble) >>> shift) & 15) + m * view.getUint8(t);
  },
};
