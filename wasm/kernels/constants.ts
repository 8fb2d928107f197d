/**
 * Vector constants, read from memory.
 *
 * V8 builds a `v128.const` anew at every use, with three instructions; a broadcast from memory is one. In a loop take
 * them into locals while registers last (there are fifteen).
 */
const FLOATS: usize = memory.data<f32>([
  1, 12582912, 1.44269504, 0.693359375, 2.12194440e-4, -87, 89, 5.192296858534828e33,
  1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
  4.127775e-2, 1.6753514e-1, 5.0005116e-1, 0.693147181,
]);
const WORDS: usize = memory.data<u32>([0x7fffffff, 0x8fffffff, 0x4b400000]);

// @ts-ignore: decorator
@inline export function one(): v128 { return v128.load32_splat(FLOATS, 0); }

/** 1.5 · 2^23: added to a small float it leaves the nearest integer in the low bits, half to even. */
// @ts-ignore: decorator
@inline export function rounder(): v128 { return v128.load32_splat(FLOATS, 4); }

/** The bits of `rounder`. */
// @ts-ignore: decorator
@inline export function rounderBits(): v128 { return v128.load32_splat(WORDS, 8); }

// @ts-ignore: decorator
@inline export function log2e(): v128 { return v128.load32_splat(FLOATS, 8); }

/** ln 2 = high − low; n · high is exact for |n| < 2^15. */
// @ts-ignore: decorator
@inline export function ln2High(): v128 { return v128.load32_splat(FLOATS, 12); }
// @ts-ignore: decorator
@inline export function ln2Low(): v128 { return v128.load32_splat(FLOATS, 16); }

/** The same in one, good for 4e-6 of e^x down to the floor. */
// @ts-ignore: decorator
@inline export function ln2(): v128 { return v128.load32_splat(FLOATS, 68); }

/** Where exp ends: below the first it is 0, from 88.4 to the second infinite. */
// @ts-ignore: decorator
@inline export function expFloor(): v128 { return v128.load32_splat(FLOATS, 20); }
// @ts-ignore: decorator
@inline export function expCeiling(): v128 { return v128.load32_splat(FLOATS, 24); }

/** 2^112, from the exponent bias of a half to that of a float. */
// @ts-ignore: decorator
@inline export function halfBias(): v128 { return v128.load32_splat(FLOATS, 28); }

/** Polynomial of e^r, highest power first. */
// @ts-ignore: decorator
@inline export function exp6(): v128 { return v128.load32_splat(FLOATS, 32); }
// @ts-ignore: decorator
@inline export function exp5(): v128 { return v128.load32_splat(FLOATS, 36); }
// @ts-ignore: decorator
@inline export function exp4th(): v128 { return v128.load32_splat(FLOATS, 40); }
// @ts-ignore: decorator
@inline export function exp3(): v128 { return v128.load32_splat(FLOATS, 44); }
// @ts-ignore: decorator
@inline export function exp2(): v128 { return v128.load32_splat(FLOATS, 48); }
// @ts-ignore: decorator
@inline export function exp1(): v128 { return v128.load32_splat(FLOATS, 52); }

/**
 * The shorter polynomial of e^r, highest power first: minimax with the first two terms exact, relative error 5.3e-6.
 */
// @ts-ignore: decorator
@inline export function short4(): v128 { return v128.load32_splat(FLOATS, 56); }
// @ts-ignore: decorator
@inline export function short3(): v128 { return v128.load32_splat(FLOATS, 60); }
// @ts-ignore: decorator
@inline export function short2(): v128 { return v128.load32_splat(FLOATS, 64); }

/** Everything but the sign. */
// @ts-ignore: decorator
@inline export function unsigned(): v128 { return v128.load32_splat(WORDS, 0); }

/** Everything but bits 28 to 30. */
// @ts-ignore: decorator
@inline export function withoutSignCopies(): v128 { return v128.load32_splat(WORDS, 4); }
