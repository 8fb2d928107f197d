/**
 * Low-rank additions to a stacked projection: part i of its outputs += up_i · (down_i · x).
 *
 * Several uses of one large matrix differ by such an addition. All the downs are one stacked matrix.
 * Source: LoRA, arXiv 2106.09685.
 */
import { pad8 } from "../core/sizes.ts";
import type { Address } from "../kernels/kernels.ts";
import { type Bind, matrix, stacked, type WeightSpec } from "./layer.ts";

export interface AdapterConfig {
  /** Name of the stacked downs in the pack; `up` and `down` are the checkpoint's. */
  name: string;
  rank: number;
  /** In the order of the projection's outputs. */
  parts: { down: string; up: string; rows: number }[];
}

export function adapterWeights(C: number, { name, rank, parts }: AdapterConfig): WeightSpec[] {
  const downs = parts.map(({ down }) => ({ name: down, rows: rank }));
  return [stacked("matrix", name, downs, C), ...parts.map(({ up, rows }) => matrix(up, rows, rank))];
}

/** Adds to y (T; stride yStride) what x (T, C; dense) gives. */
export function bindAdapter(bind: Bind, C: number, { name, rank, parts }: AdapterConfig) {
  const { kernels, L } = bind;
  const down = bind.matrix(name);
  const ups = parts.map(({ up }) => bind.matrix(up));
  const lowStride = pad8(down.R);
  const low = bind.scratch(4 * L * lowStride);
  const high = bind.scratch(4 * L * pad8(Math.max(...ups.map(({ R }) => R))));

  return (y: Address, yStride: number, x: Address, T: number) => {
    down.apply(low, x, C, T);
    let column = 0;
    ups.forEach((up, i) => {
      up.apply(high, low + 4 * i * rank, lowStride, T);
      for (let t = 0; t < T; t++) kernels.add(y + 4 * (t * yStride + column), high + 4 * t * pad8(up.R), up.R);
      column += up.R;
    });
  };
}
