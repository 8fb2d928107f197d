import { pad8 } from "../core/sizes.ts";

/** Tokens that `ssdChunk` takes together; more go in several turns over the same scratch. */
const CHUNK = 32;

/** Scratch bytes of `ssdChunk`, with its letters: B turned, C·Bᵀ, the mixing matrix, the state turned, weighted x turned. */
export function ssdScratchBytes(T: number, _H: number, P: number, N: number, _G: number): number {
  const t = Math.min(T, CHUNK);
  return 4 * (N * pad8(t) + 2 * t * pad8(t) + N * pad8(P) + P * pad8(t));
}
