/**
 * sentence-code: a sentence's direction in 128 bytes, and how near it is to another one's that is held whole.
 *
 * A direction is turned first, always in the same way, so that all of its numbers are of like size; then each has one
 * of four levels. What is asked is held in whole numbers, so that the sum is exact; it is made into a table of what
 * each byte adds, so that a comparison is 128 look-ups.
 */
import { VECTOR } from "./encoder-file.ts";

export const CODE_BYTES = VECTOR / 4;
/** In whole numbers, and what 1 of them stands for in a direction of length 1. */
const LEVELS = [-10, -3, 3, 10];
const STEP = 0.151 / Math.sqrt(VECTOR);
/** Rounding to four levels turns a direction away from where it was: of its cosine with another one so much is left. */
const LEFT = 0.8825;
/** Between the levels. */
const BORDER = 6.5 * STEP;
/** What 1 stands for in what is asked. */
const WHOLE = 4096;

/** Signs that are as good as drawn, then sums and differences of all (Walsh and Hadamard). Lengths and angles stay. */
function turned(direction: Float32Array): Float64Array {
  const x = Float64Array.from(direction, (number, d) => ((Math.imul(d + 1, 0x9e3779b1) >>> 15) & 1 ? -number : number));
  for (let span = 1; span < VECTOR; span *= 2)
    for (let i = 0; i < VECTOR; i++) {
      if (i & span) continue;
      const [a, b] = [x[i]!, x[i + span]!];
      x[i] = a + b;
      x[i + span] = a - b;
    }
  return x.map((number) => number / Math.sqrt(VECTOR));
}

export function codeOf(direction: Float32Array): Uint8Array {
  const code = new Uint8Array(CODE_BYTES);
  const x = turned(direction);
  for (let d = 0; d < VECTOR; d++) {
    const number = x[d]!;
    const level = number < 0 ? (number < -BORDER ? 0 : 1) : number < BORDER ? 2 : 3;
    code[d >> 2]! |= level << (2 * (d & 3));
  }
  return code;
}

/** The cosine with the code that begins at `at`. */
type Nearness = (codes: Uint8Array, at: number) => number;

export function nearnessTo(direction: Float32Array): Nearness {
  const adds = new Int32Array(CODE_BYTES * 256);
  const x = turned(direction);
  for (let i = 0; i < CODE_BYTES; i++) {
    const own = [0, 1, 2, 3].map((k) => Math.round(WHOLE * x[4 * i + k]!));
    for (let byte = 0; byte < 256; byte++)
      adds[256 * i + byte] =
        own[0]! * LEVELS[byte & 3]! +
        own[1]! * LEVELS[(byte >> 2) & 3]! +
        own[2]! * LEVELS[(byte >> 4) & 3]! +
        own[3]! * LEVELS[byte >> 6]!;
  }
  return (codes, at) => {
    let sum = 0;
    for (let i = 0; i < CODE_BYTES; i++) sum = (sum + adds[256 * i + codes[at + i]!]!) | 0;
    return (sum * STEP) / (WHOLE * LEFT);
  };
}
