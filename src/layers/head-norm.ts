/**
 * RMSNorm of q and of k before they turn: of every head by itself, or of all heads together.
 * Source: QK-norm, arXiv 2302.05442.
 */
import type { Address } from "../kernels/kernels.ts";
import { type Bind, vector, type WeightSpec, zeroCentred } from "./layer.ts";

export interface HeadNormConfig {
  /** Names of the weights. */
  q: string;
  k: string;
  epsilon: number;
  /** The mean runs over one head of P, which share one weight (P), or over all heads, whose weight is (heads · P). */
  over?: "head" | "all heads";
  /** The weights are stored as their distance from one. */
  zeroCentred?: boolean;
}

export function headNormWeights(Hq: number, Hkv: number, P: number, config: HeadNormConfig): WeightSpec[] {
  const width = (heads: number) => (config.over === "all heads" ? heads * P : P);
  const spec = (name: string, n: number) => (config.zeroCentred ? zeroCentred(name, n) : vector(name, [n]));
  return [spec(config.q, width(Hq)), spec(config.k, width(Hkv))];
}

/** q (T, Hq, P) and k (T, Hkv, P), whose rows lie `stride` floats apart. */
export function bindHeadNorm(bind: Bind, config: HeadNormConfig, Hq: number, Hkv: number, P: number) {
  const { kernels } = bind;
  const { q, k, epsilon, over } = config;
  const qNorm = bind.vector(q);
  const kNorm = bind.vector(k);
  const rows = (heads: number): [rows: number, width: number] => (over === "all heads" ? [1, heads * P] : [heads, P]);
  const [qRows, qWidth] = rows(Hq);
  const [kRows, kWidth] = rows(Hkv);
  return (qAt: Address, kAt: Address, stride: number, T: number) => {
    for (let row = 0; row < 4 * T * stride; row += 4 * stride) {
      kernels.rmsNorm(qAt + row, qAt + row, qNorm, qRows, qWidth, epsilon);
      kernels.rmsNorm(kAt + row, kAt + row, kNorm, kRows, kWidth, epsilon);
    }
  };
}
