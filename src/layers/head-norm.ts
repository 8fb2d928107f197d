/** RMSNorm of every head of q and of k, in place, before they turn. Source: QK-norm, arXiv 2302.05442. */
import type { Address } from "../kernels/kernels.ts";
import { type Bind, vector, type WeightSpec } from "./layer.ts";

export interface HeadNormConfig {
  /** Names of the weights, each (P). */
  q: string;
  k: string;
  epsilon: number;
}

export const headNormWeights = (P: number, { q, k }: HeadNormConfig): WeightSpec[] => [vector(q, [P]), vector(k, [P])];

/** q (T, Hq, P) and k (T, Hkv, P), whose rows lie `stride` floats apart. */
export function bindHeadNorm(bind: Bind, { q, k, epsilon }: HeadNormConfig, Hq: number, Hkv: number, P: number) {
  const { kernels } = bind;
  const qNorm = bind.vector(q);
  const kNorm = bind.vector(k);
  return (qAt: Address, kAt: Address, stride: number, T: number) => {
    for (let row = 0; row < 4 * T * stride; row += 4 * stride) {
      kernels.rmsNorm(qAt + row, qAt + row, qNorm, Hq, P, epsilon);
      kernels.rmsNorm(kAt + row, kAt + row, kNorm, Hkv, P, epsilon);
    }
  };
}
