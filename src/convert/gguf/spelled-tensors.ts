/**
 * spelledTensors: the tensors of a file under the names and in the shapes of the checkpoint that it was made from.
 *
 * Whatever the model does not ask for stays under its own name, so that it is refused by that.
 */
import { product } from "../../core/sizes.ts";
import type { Gguf, GgufConfig, GgufPart } from "../../models/architecture.ts";
import type { ByteFile } from "../checkpoint/byte-file.ts";
import { rowsOf } from "../checkpoint/checkpoint-source.ts";
import type { GgufHeader, GgufTensor } from "./header.ts";

interface SpelledTensor {
  shape: readonly number[];
  /** Rows `from` ≤ row < `to` along the first dimension. */
  rows(from: number, to: number): Promise<Float32Array>;
}

/** Tensors that have no part in the text model: scaled frequencies, and layers that guess further tokens. */
export const ROTARY_FACTORS = "rope_freqs.weight";

export function spelledTensors(
  file: ByteFile,
  { tensors, meta }: GgufHeader,
  gguf: Gguf,
  config: GgufConfig,
  specs: ReadonlyMap<string, readonly number[]>,
): Map<string, SpelledTensor> {
  const left = new Map(tensors);
  left.delete(ROTARY_FACTORS);
  const guessing = Number(meta.get(`${gguf.architecture}.nextn_predict_layers`) ?? 0);
  const depth = Number(meta.get(`${gguf.architecture}.block_count`) ?? 0);
  for (const name of tensors.keys()) {
    const layer = Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1);
    if (guessing > 0 && layer >= depth - guessing) left.delete(name);
  }
  const named = new Map<string, SpelledTensor>();
  for (const [name, shape] of specs) {
    const part = gguf.part(name, config);
    const found = part?.names.map((one) => tensors.get(one));
    if (!part || !found || found.some((tensor) => tensor === undefined)) continue;
    named.set(name, spelled(file, found as GgufTensor[], part, shape));
    for (const one of part.names) left.delete(one);
  }
  for (const [name, tensor] of left) named.set(name, spelled(file, [tensor], { names: [name] }, tensor.shape));
  return named;
}

function spelled(file: ByteFile, tensors: GgufTensor[], part: GgufPart, wanted: readonly number[]): SpelledTensor {
  const shape = shapeOf(tensors, part, wanted);
  const { rows, width } = rowsOf(shape);
  const values = joined(file, tensors, shape);
  const { row: rowInFile, column, read } = part;
  return {
    shape,
    async rows(from, to) {
      const out = rowInFile
        ? await reordered(values, rowInFile, from, to, rows, width)
        : await values(from * width, (to - from) * width);
      const turned = column ? byColumns(out, width, column) : out;
      return read ? turned.map(read) : turned;
    },
  };
}

/** As the checkpoint has it where the values are as many; else as the file has it, and the model refuses it. */
function shapeOf(tensors: readonly GgufTensor[], part: GgufPart, wanted: readonly number[]): readonly number[] {
  const [first] = tensors;
  const inFile =
    tensors.length === 1
      ? first!.shape
      : first!.shape.length === 3
        ? [first!.shape[0]!, tensors.reduce((n, { shape }) => n + shape[1]!, 0), first!.shape[2]!]
        : [tensors.reduce((n, { shape }) => n + shape[0]!, 0), ...first!.shape.slice(1)];
  const expected = part.shape?.(wanted) ?? wanted;
  return String(squeezed(inFile)) === String(squeezed(expected)) ? wanted : inFile;
}

/** Dimensions of one say nothing. */
const squeezed = (shape: readonly number[]): number[] => shape.filter((size) => size !== 1);

type Values = (first: number, count: number) => Promise<Float32Array>;

/** Values of one tensor after another; of three dimensions, of each for every index of the first. */
function joined(file: ByteFile, tensors: readonly GgufTensor[], shape: readonly number[]): Values {
  if (tensors.length === 1) return (first, count) => readValues(file, tensors[0]!, first, count);
  const turns = shape.length === 3 ? shape[0]! : 1;
  const lengths = tensors.map((tensor) => product(tensor.shape) / turns);
  const round = lengths.reduce((n, length) => n + length, 0);
  return async (first, count) => {
    const out = new Float32Array(count);
    for (let at = 0; at < count; ) {
      const turn = Math.floor((first + at) / round);
      let inRound = (first + at) % round;
      let k = 0;
      while (inRound >= lengths[k]!) inRound -= lengths[k++]!;
      const some = Math.min(count - at, lengths[k]! - inRound);
      out.set(await readValues(file, tensors[k]!, turn * lengths[k]! + inRound, some), at);
      at += some;
    }
    return out;
  };
}

/** The range of the rows in the file is read once, even when they lie apart. */
async function reordered(
  values: Values,
  rowInFile: (row: number) => number,
  from: number,
  to: number,
  rows: number,
  width: number,
): Promise<Float32Array> {
  const order = Array.from({ length: to - from }, (_, i) => rowInFile(from + i));
  const first = order.reduce((a, b) => Math.min(a, b), rows);
  const all = await values(first * width, (order.reduce((a, b) => Math.max(a, b), 0) + 1 - first) * width);
  const out = new Float32Array((to - from) * width);
  order.forEach((row, i) => {
    out.set(all.subarray((row - first) * width, (row - first + 1) * width), i * width);
  });
  return out;
}

function byColumns(values: Float32Array, width: number, column: (column: number) => number): Float32Array {
  const order = Array.from({ length: width }, (_, c) => column(c));
  const out = new Float32Array(values.length);
  for (let row = 0; row < values.length; row += width)
    for (let c = 0; c < width; c++) out[row + c] = values[row + order[c]!]!;
  return out;
}

/** Values `first` … `first + count`; blocks that these end in are decoded whole. */
export async function readValues(
  file: ByteFile,
  { start, type }: GgufTensor,
  first: number,
  count: number,
): Promise<Float32Array> {
  const [from, end] = [Math.floor(first / type.elements), Math.ceil((first + count) / type.elements)];
  const raw = await file.read(start + from * type.bytes, (end - from) * type.bytes);
  const out = new Float32Array((end - from) * type.elements);
  type.decode(raw, end - from, out);
  const skip = first - from * type.elements;
  return out.length === count ? out : out.slice(skip, skip + count);
}
