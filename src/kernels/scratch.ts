import { pad8 } from "../core/sizes.ts";

/** Scratch bytes of `ssdChunk`, with its letters: B turned, C·Bᵀ, the mixing matrix, the state turned, weighted x turned. */
export function ssdScratchBytes(T: number, _H: number, P: number, N: number, _G: number): number {
  return 4 * (N * pad8(T) + 2 * T * pad8(T) + N * pad8(P) + P * pad8(T));
}
