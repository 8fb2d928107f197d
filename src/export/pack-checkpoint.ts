/**
 * openPackCheckpoint: a pack spoken to as the checkpoint it was made from: the same tensor names
 * and shapes, values dequantised.
 *
 * Only the values that rounding to the pack's dtype has left come back. A pack whose bytes are not
 * those of its manifest is refused.
 */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { matrixBytes, vectorBytes } from "../core/dtype.ts";
import { check } from "../core/failure.ts";
import { product } from "../core/sizes.ts";
import { unpackMatrix } from "../kernels/layout.ts";
import type { WeightSpec } from "../layers/layer.ts";
import type { Model } from "../models/architecture.ts";
import { modelFrom } from "../models/index.ts";
import { folderSource } from "../weights/folder-source.ts";
import { readManifest, readTexts, verifyPack } from "../weights/load-pack.ts";
import type { Manifest, TensorEntry } from "../weights/manifest.ts";

/** Rows of one tensor of the checkpoint, as f32; pieces of a tensor come in order. */
interface Piece {
  name: string;
  values: Float32Array;
}

export interface PackCheckpoint {
  manifest: Manifest;
  model: Model;
  /** Shapes by checkpoint name, in the order in which `pieces` brings them. */
  tensors: ReadonlyMap<string, readonly number[]>;
  tokenizer?: string;
  template?: string;
  /** All values; each tensor once. */
  pieces(signal?: AbortSignal): AsyncGenerator<Piece>;
}

/** Values of a matrix that are held at once where nothing needs all of them. */
const SLICE_VALUES = 4 * 1024 * 1024;

/** Fails with `weights_invalid`, or `request_invalid` for a graph, which has no tensors of a checkpoint. */
export async function openPackCheckpoint(folder: string): Promise<PackCheckpoint> {
  const source = folderSource(folder);
  const { manifest } = await readManifest(source);
  check(manifest.onnx === undefined, "request_invalid", () => `${folder}: a pack with an ONNX graph is not exported`);
  await verifyPack(source, manifest);
  const model = modelFrom(manifest.model.config);
  const entries = new Map(manifest.tensors.map((entry) => [entry.name, entry]));
  for (const { name, shape } of model.weights) {
    const got = entries.get(name)?.shape;
    check(
      got && String(got) === String(shape),
      "weights_invalid",
      () => `manifest.json: tensor ${name}: expected [${shape}], got [${got ?? ""}]`,
      name,
    );
  }
  const texts = await readTexts(source, manifest);
  return {
    manifest,
    model,
    tensors: new Map(model.weights.flatMap(({ from }) => from.map(({ name, shape }) => [name, shape]))),
    ...texts,
    async *pieces(signal) {
      for (const weight of model.weights) yield* piecesOf(folder, manifest, weight, entries.get(weight.name)!, signal);
    },
  };
}

async function* piecesOf(
  folder: string,
  manifest: Manifest,
  weight: WeightSpec,
  entry: TensorEntry,
  signal: AbortSignal | undefined,
): AsyncGenerator<Piece> {
  check(!weight.prepare || weight.restore, "bug", () => `${weight.name}: its form has no way back`);
  const slices = rowsOf(folder, manifest, weight, entry);
  const values = weight.restore ? single(weight.restore(await whole(slices, product(weight.shape)))) : slices;
  // Cut where one checkpoint tensor ends and the next begins.
  const ends = weight.from.map(({ name, shape }) => ({ name, left: product(shape) }));
  for await (const slice of values) {
    signal?.throwIfAborted();
    for (let at = 0; at < slice.length; ) {
      const [part] = ends;
      const count = Math.min(part!.left, slice.length - at);
      yield { name: part!.name, values: slice.subarray(at, at + count) };
      at += count;
      part!.left -= count;
      if (part!.left === 0) ends.shift();
    }
  }
}

async function* rowsOf(
  folder: string,
  manifest: Manifest,
  { kind, shape }: WeightSpec,
  entry: TensorEntry,
): AsyncGenerator<Float32Array> {
  if (kind === "vector") {
    const bytes = await readBytes(folder, manifest, entry, 0, vectorBytes(shape));
    yield new Float32Array(bytes.buffer, bytes.byteOffset, product(shape));
    return;
  }
  const [R, C] = shape as [number, number];
  const step = Math.max(8, Math.floor(SLICE_VALUES / C / 8) * 8);
  for (let row = 0; row < R; row += step) {
    const count = Math.min(step, R - row);
    const from = matrixBytes(entry.dtype, row, C);
    const bytes = await readBytes(folder, manifest, entry, from, matrixBytes(entry.dtype, count, C));
    yield unpackMatrix(entry.dtype, bytes, count, C);
  }
}

async function* single(values: Float32Array): AsyncGenerator<Float32Array> {
  yield values;
}

async function whole(slices: AsyncIterable<Float32Array>, size: number): Promise<Float32Array> {
  const out = new Float32Array(size);
  let at = 0;
  for await (const slice of slices) {
    out.set(slice, at);
    at += slice.length;
  }
  return out;
}

/** Bytes `from` … `from + length` of a tensor, which may go on in the next shards. */
async function readBytes(
  folder: string,
  { shards }: Manifest,
  { shard, offset }: TensorEntry,
  from: number,
  length: number,
): Promise<Uint8Array> {
  const out = new Uint8Array(length);
  let start = offset + from;
  let done = 0;
  for (let i = shard; done < length; i++) {
    const { file, bytes } = shards[i]!;
    if (start < bytes) {
      const count = Math.min(bytes - start, length - done);
      const handle = await open(join(folder, file));
      try {
        await handle.read(out, done, count, start);
      } finally {
        await handle.close();
      }
      done += count;
    }
    start = Math.max(0, start - bytes);
  }
  return out;
}
