/**
 * Plan: where constants and scratch lie, found by binding the model once without memory and once for real.
 *
 * Layers run one after another, so all of them share one scratch region, and the logits, which come after the last
 * layer, lie there too; what lives across layers (the stream, its norm, quantised inputs) is placed before it.
 */

import { type Dtype, matrixBytes, quantizedRowBytes } from "../../core/dtype.ts";
import { Failure } from "../../core/failure.ts";
import { pad8, padTo } from "../../core/sizes.ts";
import type { Address, Kernels } from "../../kernels/kernels.ts";
import type { Bind, CacheSpec, Forward, Matrix, RotaryTable, Step } from "../../layers/layer.ts";
import type { Model } from "../../models/architecture.ts";
import type { CachePolicy, TensorEntry } from "../../weights/manifest.ts";
import { cacheLayout } from "./cache-layout.ts";
import { ALIGN } from "./heap.ts";

const NO_LIMIT = 0x7fffffff; // positions are i32 in the kernels

export interface Placed {
  entry: TensorEntry;
  address: Address;
}

export interface Plan {
  /** Everything below this is weights, constants and scratch. */
  end: Address;
  /** Writes constants; call once, when memory is there. */
  fill(memory: WebAssembly.Memory): void;
  stream: Address;
  normed: Address;
  mixed: Address;
  /** Copy of the stream before the first block, where a layer asks for it. */
  embedded: Address | undefined;
  ids: Address;
  /** Writes the embeddings of `ids` (T); undefined in a stage that is not the first. */
  embed: ((y: Address, T: number) => void) | undefined;
  /** Without a norm the block reads the stream. */
  blocks: { norm: Address | undefined; forwards: Forward[] }[];
  /** Blocks from here on keep no state, so they need not see tokens whose logits nobody asked for. */
  stateless: number;
  /** Undefined in a stage that is not the last. */
  exit: { norm: Address; head: Matrix; logits: Address; rows: number } | undefined;
}

export function plan(
  model: Model,
  tensors: ReadonlyMap<string, Placed>,
  kernels: Kernels,
  start: Address,
  L: number,
  policy: CachePolicy,
): Plan {
  let end = padTo(start, ALIGN);
  const bump = (bytes: number): Address => {
    const at = end;
    end = padTo(end + bytes, ALIGN);
    return at;
  };
  const placed = (name: string): Placed => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Failure("weights_invalid", `${name}: not in the pack`, { param: name });
    return tensor;
  };
  const { D, V } = model;
  const widest = Math.max(D, ...model.weights.filter((w) => w.kind === "matrix").map((w) => w.shape[1]!));
  const xq = bump(L * quantizedRowBytes(widest));
  const logitRows = 4;
  const shared = {
    stream: bump(4 * L * D),
    normed: bump(4 * L * D),
    mixed: bump(4 * L * pad8(D)),
    ids: bump(4 * L),
    embedded: model.carriesEmbedding ? bump(4 * L * D) : undefined,
  };
  const constants: { at: Address; values: Float32Array }[] = [];
  const matrix = (name: string) => matrixOf(placed(name), kernels, xq);
  const rotary = rotaryTables(kernels, L, bump, constants);
  const scratchStart = { at: 0 };
  let scratchBytes = 0;
  let bound: WebAssembly.Memory | undefined;
  const fixed = new Map(model.state.filter(({ kind }) => kind === "fixed").map(({ name }, index) => [name, index]));
  const caches = new Map(
    model.state
      .filter((spec): spec is CacheSpec => spec.kind === "cache")
      .map((spec, index) => [spec.name, { index, layout: cacheLayout(policy, spec) }]),
  );

  const bindAll = (): Plan["blocks"] =>
    model.blocks.map((block) => ({
      norm: block.norm && placed(block.norm.name).address,
      forwards: block.layers.map((layer) => {
        let used = 0;
        const bind: Bind = {
          kernels,
          L,
          matrix,
          vector: (name) => placed(name).address,
          floats: (at, n) => new Float32Array(bound!.buffer, at, n),
          embedded: () => shared.embedded!,
          scratch(bytes) {
            const at = scratchStart.at + used;
            used = padTo(used + bytes, ALIGN);
            scratchBytes = Math.max(scratchBytes, used);
            return at;
          },
          rotary,
          fixed: (name) => fixed.get(name)!,
          cache: (name) => caches.get(name)!,
        };
        return layer.bind(bind);
      }),
    }));
  bindAll();
  scratchStart.at = bump(Math.max(scratchBytes, model.exit ? 4 * logitRows * pad8(V) : 0));
  const blocks = bindAll();
  const embedding = model.entry ? placed(model.embedding.name) : undefined;
  const head = model.head?.name ?? model.embedding.name;
  return {
    ...shared,
    end,
    blocks,
    stateless: 1 + model.blocks.findLastIndex(({ layers }) => layers.some(({ state }) => state.length > 0)),
    embed: embedding && ((y, T) => embedOf(embedding, kernels)(y, embedding.address, shared.ids, T, D)),
    exit: model.exit
      ? { norm: placed(model.finalNorm.name).address, head: matrix(head), logits: scratchStart.at, rows: logitRows }
      : undefined,
    fill(memory) {
      bound = memory;
      for (const { at, values } of constants) new Float32Array(memory.buffer, at, values.length).set(values);
    },
  };
}

function embedOf({ entry }: Placed, k: Kernels): Kernels["embedF32"] {
  return { f32: k.embedF32, f16: k.embedF16, q8: k.embedQ8, q4: k.embedQ4 }[entry.dtype];
}

function matrixOf({ entry, address }: Placed, k: Kernels, xq: Address): Matrix {
  const [R, C] = entry.shape as [number, number];
  return matrixAt(entry.dtype, address, R, C, k, xq);
}

function matrixAt(dtype: Dtype, address: Address, R: number, C: number, k: Kernels, xq: Address): Matrix {
  const multiply = { f32: k.matF32, f16: k.matF16, q8: k.matQ8, q4: k.matQ4 };
  const rows = (from: number, count: number) => matrixAt(dtype, address + matrixBytes(dtype, from, C), count, C, k, xq);
  if (dtype === "f32" || dtype === "f16")
    return { R, C, rows, apply: (y, x, xStride, T) => multiply[dtype](y, x, xStride, address, T, R, C) };
  return {
    R,
    C,
    rows,
    apply(y, x, xStride, T) {
      k.quantize(xq, x, xStride, T, C);
      multiply[dtype](y, xq, address, T, R, C);
    },
  };
}

/** One table per distinct set of frequencies and last position, filled once per step. */
function rotaryTables(
  k: Kernels,
  L: number,
  bump: (bytes: number) => Address,
  constants: { at: Address; values: Float32Array }[],
): Bind["rotary"] {
  const known = new Map<string, RotaryTable>();
  return (frequencies, last = NO_LIMIT) => {
    const key = `${frequencies.join()} ${last}`;
    const made = known.get(key);
    if (made) return made;
    const half = frequencies.length;
    const at = bump(4 * half);
    constants.push({ at, values: frequencies });
    const table = bump(8 * L * half);
    let ready: Step | undefined;
    const filled: RotaryTable = (step) => {
      if (ready !== step)
        for (const { at: row, T, S } of step.runs) k.rotaryTable(table + 8 * row * half, at, half, T, S, last);
      ready = step;
      return table;
    };
    known.set(key, filled);
    return filled;
  };
}
