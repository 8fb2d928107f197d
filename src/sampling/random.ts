/**
 * Random: xoshiro128**, seeded by SplitMix64. Four u32 words of state, integer operations only,
 * so every machine draws the same.
 *
 * Source: Blackman and Vigna, prng.di.unimi.it/xoshiro128starstar.c (1.1) and splitmix64.c.
 */
import { check } from "../core/failure.ts";

const rotateLeft = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

export class Random {
  readonly #words: Uint32Array;

  /** `words`: a saved state. Failure `state_unreadable` when it is none. */
  constructor(words: readonly number[]) {
    const valid = words.length === 4 && words.every((w) => Number.isInteger(w) && w >= 0 && w <= 0xffffffff);
    // From all zeros the generator never leaves zero.
    check(valid && words.some((w) => w !== 0), "state_unreadable", () => "generator: expected 4 words, not all zero");
    this.#words = Uint32Array.from(words);
  }

  /** Any integer; negative and large ones count modulo 2^64. */
  static fromSeed(seed: number | bigint): Random {
    const next = splitMix64(BigInt(seed));
    const [a, b] = [next(), next()];
    return new Random([a & 0xffffffffn, a >> 32n, b & 0xffffffffn, b >> 32n].map(Number));
  }

  /** From the platform's entropy: for requests without a seed. */
  static fromEntropy(): Random {
    return Random.fromSeed(crypto.getRandomValues(new BigUint64Array(1))[0]!);
  }

  nextWord(): number {
    const s = this.#words;
    const [s0, s1, s2, s3] = [s[0]!, s[1]!, s[2]!, s[3]!];
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const third = s2 ^ s0;
    const fourth = s3 ^ s1;
    s[1] = s1 ^ third;
    s[0] = s0 ^ fourth;
    s[2] = third ^ (s1 << 9);
    s[3] = rotateLeft(fourth, 11);
    return result;
  }

  /** In [0, 1), 53 bits from two words. */
  nextFloat(): number {
    const high = this.nextWord() >>> 5; // 27 bits
    const low = this.nextWord() >>> 6; // 26 bits
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  words(): number[] {
    return [...this.#words];
  }
}

/** Stretches one number to many well-mixed ones. */
export function splitMix64(seed: bigint): () => bigint {
  let x = BigInt.asUintN(64, seed);
  return () => {
    x = BigInt.asUintN(64, x + 0x9e3779b97f4a7c15n);
    let z = x;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
}
