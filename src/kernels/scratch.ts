import { pad8 } from "../core/sizes.ts";

/** Tokens that `ssdChunk` and `gatedDeltaChunk` take together; more go in several turns over the same scratch. */
const CHUNK = 32;

/**
 * Scratch bytes of `ssdChunk`, with its letters: B turned, C·Bᵀ, the mixing matrix, the
 * state turned, weighted x turned.
 */
export function ssdScratchBytes(T: number, _H: number, P: number, N: number, _G: number): number {
  const t = Math.min(T, CHUNK);
  return 4 * (N * pad8(t) + 2 * t * pad8(t) + N * pad8(P) + P * pad8(t));
}

/**
 * Scratch bytes of `gatedDeltaChunk`, with its letters: k turned, K·Kᵀ, Q·Kᵀ, mixing matrix, state
 * turned, deltas, deltas turned.
 */
export function gatedDeltaScratchBytes(T: number, P: number, N: number): number {
  const t = Math.min(T, CHUNK);
  return 4 * (N * pad8(t) + 3 * t * pad8(t) + N * pad8(P) + t * pad8(P) + P * pad8(t));
}
