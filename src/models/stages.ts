/**
 * Stages: a model cut into runs of blocks, each of which is a model of its own that reads
 * and writes the residual stream.
 *
 * The first has the embedding, the last the final norm and the head; where those are tied both have the matrix. Weights
 * that blocks share are in every stage that uses them.
 */
import { type Dtype, matrixBytes, vectorBytes } from "../core/dtype.ts";
import { check } from "../core/failure.ts";
import { derived, type Model } from "./architecture.ts";

/** Blocks `from` ≤ i < `to`. */
export type BlockRange = readonly [from: number, to: number];

/**
 * Stage `k` of these. Ends without a block have an empty range, so it takes all of them to
 * tell which stage is the first.
 */
export const stageOf = (model: Model, ranges: readonly BlockRange[], k: number): Model =>
  part(model, ranges[k]!, k === 0, k === ranges.length - 1);

const part = (model: Model, [from, to]: BlockRange, entry: boolean, exit: boolean): Model =>
  derived({ ...model, entry, exit, blocks: model.blocks.slice(from, to) });

interface Cut {
  /** Bytes of the largest stage, and the sum of all bytes squared. */
  largest: number;
  squares: number;
  at: number[];
}

export const weightBytes = ({ weights }: Pick<Model, "weights">, dtype: Dtype): number =>
  weights.reduce(
    (n, w) => n + (w.kind === "matrix" ? matrixBytes(dtype, w.shape[0]!, w.shape[1]!) : vectorBytes(w.shape)),
    0,
  );

/**
 * `count` runs of blocks whose largest is as small as can be. Only the ends may be without a block.
 * Fails with `request_invalid` when there are fewer blocks than that takes.
 */
export function divide(model: Model, count: number, dtype: Dtype): BlockRange[] {
  const B = model.blocks.length;
  const message = () => `stages: expected 2 to ${B + 2} for a model of ${B} blocks, got ${count}`;
  check(Number.isSafeInteger(count) && count >= 2 && count <= B + 2, "request_invalid", message, "stages");
  const known = new Map<string, number>();
  const size = (from: number, to: number, stage: number): number => {
    const [entry, exit] = [stage === 1, stage === count];
    const key = `${from} ${to} ${entry} ${exit}`;
    const bytes = known.get(key) ?? weightBytes(part(model, [from, to], entry, exit), dtype);
    known.set(key, bytes);
    return bytes;
  };
  // best[to]: how the first stages may end at block `to`. Among cuts with the same largest
  // stage the most even one counts.
  let best: Cut[] = Array.from({ length: B + 1 }, (_, to) => {
    const bytes = size(0, to, 1);
    return { largest: bytes, squares: bytes ** 2, at: [0, to] };
  });
  for (let stage = 2; stage <= count; stage++) {
    const before = best;
    const least = stage === count ? 0 : 1;
    best = before.map((_, to) => {
      let found: Cut = { largest: Infinity, squares: Infinity, at: [] };
      for (let from = 0; from <= to - least; from++) {
        const { largest, squares, at } = before[from]!;
        if (at.length === 0) continue;
        const bytes = size(from, to, stage);
        const next = { largest: Math.max(largest, bytes), squares: squares + bytes ** 2 };
        if (next.largest < found.largest || (next.largest === found.largest && next.squares < found.squares))
          found = { ...next, at: [...at, to] };
      }
      return found;
    });
  }
  const { at } = best[B]!;
  return at.slice(1).map((to, i) => [at[i]!, to] as const);
}
