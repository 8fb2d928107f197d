/**
 * Numbers in given bounds, as digits. At most 15 significant digits, so that no two of them are the same double and no
 * run of digits goes on for ever. Bounded numbers and integers have no exponent.
 */

import type { Work } from "../../core/work.ts";
import { Automaton } from "../language/automaton.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { intersect } from "../language/intersect.ts";
import { Unsupported } from "../language/unsupported.ts";
import { decimalOf } from "./decimal.ts";

export interface Bound {
  value: number;
  /** The value itself is out. */
  exclusive: boolean;
}

const DIGITS = 15;
/** Of a number with bounds, unless the bounds have more themselves. */
const FRACTION_DIGITS = 6;
/** Of one with two bounds. */
const MAX_FRACTION = 12;
/** Remainders that a table of multiples may have. */
const MAX_STEP = 20_000;
const MAX_PLACES = 10;

/** Digits of a magnitude: `whole` without leading zeros, `fraction` without trailing ones. */
interface Decimal {
  whole: bigint;
  fraction: string;
  exclusive: boolean;
}

export function number(g: Grammar, low?: Bound, high?: Bound): Expr {
  const digit = g.range(48, 57);
  if (!low && !high) {
    const whole = g.alt(g.literal("0"), g.seq(g.range(49, 57), g.repeat(digit, 0, DIGITS - 1)));
    const fraction = g.optional(g.seq(g.literal("."), g.repeat(digit, 1, DIGITS)));
    const exponent = g.optional(g.seq(g.oneOf("eE"), g.optional(g.oneOf("+-")), g.range(49, 57), g.optional(digit)));
    return g.seq(g.optional(g.literal("-")), whole, fraction, exponent);
  }
  const bounds = [low, high].flatMap((bound) => (bound ? [decimal(bound)] : []));
  const behind = Math.max(...bounds.map(({ fraction }) => fraction.length));
  const before = Math.min(Math.max(...bounds.map(({ whole }) => `${whole}`.length)), DIGITS);
  if (behind + before > DIGITS && behind > 0) throw new Unsupported(`expected bounds with at most ${DIGITS} digits`);
  const places = Math.max(behind, Math.min(low && high ? MAX_FRACTION : FRACTION_DIGITS, DIGITS - before));
  // The longer the fraction may be, the shorter is the rest: whole numbers have all digits.
  return g.alt(signed(g, low, high, places), integer(g, low, high));
}

export function integer(g: Grammar, low?: Bound, high?: Bound): Expr {
  return signed(g, low, high, 0);
}

/** Multiples of all of `divisors`, which may be decimals. */
export function* multiplesOf(
  g: Grammar,
  type: "number" | "integer",
  low: Bound | undefined,
  high: Bound | undefined,
  divisors: readonly number[],
): Work<Expr> {
  const { step, places } = commonStep(type === "integer" ? [1, ...divisors] : divisors);
  const numbers = places === 0 ? integer(g, low, high) : number(g, low, high);
  return yield* intersect(g, [numbers, steps(g, step, places)]);
}

/** The least common multiple, as `step` units of the last of `places` digits behind the point. */
function commonStep(divisors: readonly number[]): { step: number; places: number } {
  const decimals = divisors.map(decimalOf);
  const places = Math.max(0, ...decimals.map(({ exponent }) => -exponent));
  if (places > MAX_PLACES) throw new Unsupported(`expected at most ${MAX_PLACES} digits behind the point`);
  const whole = decimals.map(({ digits, exponent }) => digits * 10n ** BigInt(places + exponent));
  const divisor = (a: bigint, b: bigint): bigint => (b === 0n ? a : divisor(b, a % b));
  const step = whole.reduce((a, b) => (a / divisor(a, b)) * b);
  if (step * BigInt(places + 1) > BigInt(MAX_STEP)) throw new Unsupported(`expected multiples of at most ${MAX_STEP}`);
  let [least, behind] = [Number(step), places];
  for (; behind > 0 && least % 10 === 0; behind--) least /= 10;
  return { step: least, places: behind };
}

/** Digits, with at most `places` behind the point, that are a multiple of `step` units of the last place. */
function steps(g: Grammar, step: number, places: number): Expr {
  // States: the remainder with so many digits behind the point still to come; in front of
  // it all of them. Then the start.
  const rows = step * (places + 2);
  const next = new Int32Array((rows + 1) * 13).fill(-1);
  const classOf = Uint8Array.from({ length: 256 }, (_, b) =>
    b >= 48 && b <= 57 ? b - 48 : b === 45 ? 10 : b === 46 ? 11 : 12,
  );
  const accepts = new Uint8Array(rows + 1);
  for (let row = 0; row <= rows; row++) {
    const state = row === rows ? 0 : row;
    const [rest, behind] = [state % step, Math.floor(state / step)];
    // Block 0: before the point. Block 1 + n: n digits behind it were read.
    const isWhole = behind === 0;
    const missing = isWhole ? places : places - (behind - 1);
    accepts[row] = Number((rest * 10 ** missing) % step === 0 && row !== rows && behind !== 1);
    for (let digit = 0; digit < 10; digit++) {
      if (!isWhole && missing === 0) continue;
      next[row * 13 + digit] = ((rest * 10 + digit) % step) + (isWhole ? 0 : behind + 1) * step;
    }
    if (isWhole && row !== rows && places > 0) next[row * 13 + 11] = rest + step;
  }
  next[rows * 13 + 10] = rows;
  return g.automaton(new Automaton(accepts, classOf, next), rows);
}

/** Without an exponent, and without zeros behind the last digit of a fraction. */
export function plainNumbers(g: Grammar): Expr {
  const digit = g.range(48, 57);
  const whole = g.alt(g.literal("0"), g.seq(g.range(49, 57), g.repeat(digit)));
  return g.seq(g.optional(g.literal("-")), whole, g.optional(g.seq(g.literal("."), g.repeat(digit), g.range(49, 57))));
}

function signed(g: Grammar, low: Bound | undefined, high: Bound | undefined, places: number): Expr {
  const whole = places === 0 ? BigInt(Number.MAX_SAFE_INTEGER) : 10n ** BigInt(DIGITS - places) - 1n;
  const limit: Decimal = { whole, fraction: "", exclusive: false };
  const zero: Decimal = { whole: 0n, fraction: "", exclusive: false };
  const isBelow = (bound: Bound | undefined) => bound !== undefined && bound.value < 0;
  const parts: Expr[] = [];
  // No minus zero: from the smallest magnitude on, zero itself is out.
  if (!low || isBelow(low)) {
    const from = isBelow(high) ? decimal(high!) : { ...zero, exclusive: true };
    parts.push(g.seq(g.literal("-"), magnitudes(g, from, low ? least(decimal(low), limit) : limit, places)));
  }
  if (!isBelow(high) && !(high?.value === 0 && high.exclusive)) {
    const from = low && !isBelow(low) ? decimal(low) : zero;
    parts.push(magnitudes(g, from, high ? least(decimal(high), limit) : limit, places));
  }
  return g.alt(...parts);
}

const least = (a: Decimal, b: Decimal): Decimal => (a.whole > b.whole ? b : a);

function magnitudes(g: Grammar, from: Decimal, to: Decimal, places: number): Expr {
  if (from.whole > to.whole) return g.never;
  const whole = (low: bigint, high: bigint) => wholes(g, low, high);
  if (places === 0) {
    const low = from.fraction !== "" || from.exclusive ? from.whole + 1n : from.whole;
    return whole(low, to.fraction === "" && to.exclusive ? to.whole - 1n : to.whole);
  }
  const tails = new Tails(g, places);
  if (from.whole === to.whole) return tails.after(whole(from.whole, from.whole), from, to);
  return g.alt(
    tails.after(whole(from.whole, from.whole), from, undefined),
    tails.after(whole(from.whole + 1n, to.whole - 1n), undefined, undefined),
    tails.after(whole(to.whole, to.whole), undefined, to),
  );
}

/** What follows the whole digits. */
class Tails {
  readonly #g: Grammar;
  readonly #places: number;

  constructor(g: Grammar, places: number) {
    this.#g = g;
    this.#places = places;
  }

  after(whole: Expr, from: Decimal | undefined, to: Decimal | undefined): Expr {
    const g = this.#g;
    const isOut = (bound: Decimal | undefined) => bound !== undefined && bound.fraction === "" && bound.exclusive;
    const bare = !isOut(from) && !(from && from.fraction !== "") && !isOut(to);
    const point = g.seq(g.literal("."), this.#digits(from, to, 0, true));
    return g.seq(whole, bare ? g.optional(point) : point);
  }

  /** Digits from place `at` on; with `some` at least one. The bounds agree with all digits before. */
  #digits(from: Decimal | undefined, to: Decimal | undefined, at: number, some: boolean): Expr {
    const g = this.#g;
    const digit = (low: number, high: number) => (low > high ? g.never : g.range(48 + low, 48 + high));
    const left = this.#places - at;
    if (!from && !to) return g.repeat(digit(0, 9), some ? 1 : 0, left);
    const at0 = (bound: Decimal) => Number(bound.fraction[at] ?? "0");
    const isSpent = (bound: Decimal) => at >= bound.fraction.length;
    // No more digits: the rest is zeros.
    const stops = !some && (!from || (isSpent(from) && !from.exclusive)) && (!to || !isSpent(to) || !to.exclusive);
    const end = stops ? g.empty : g.never;
    if (left === 0) return end;
    const low = from ? at0(from) : 0;
    const high = to ? at0(to) : 9;
    const next = (f: Decimal | undefined, t: Decimal | undefined) => this.#digits(f, t, at + 1, false);
    if (low > high) return g.never;
    if (from && to && low === high) return g.alt(end, g.seq(digit(low, low), next(from, to)));
    return g.alt(
      end,
      from ? g.seq(digit(low, low), next(from, undefined)) : g.never,
      g.seq(digit(from ? low + 1 : 0, to ? high - 1 : 9), next(undefined, undefined)),
      to ? g.seq(digit(high, high), next(undefined, to)) : g.never,
    );
  }
}

/** Whole numbers without leading zeros. */
function wholes(g: Grammar, low: bigint, high: bigint): Expr {
  if (low > high) return g.never;
  const [a, b] = [`${low}`, `${high}`];
  if (a.length < b.length) {
    const nines = 10n ** BigInt(a.length) - 1n;
    return g.alt(wholes(g, low, nines), wholes(g, nines + 1n, high));
  }
  return sameLength(g, a, b);
}

function sameLength(g: Grammar, a: string, b: string): Expr {
  if (a === "") return g.empty;
  const [low, high] = [a.charCodeAt(0), b.charCodeAt(0)];
  const [restA, restB] = [a.slice(1), b.slice(1)];
  const rest = restA.length;
  const any = g.repeat(g.range(48, 57), rest, rest);
  if (/^0*$/.test(restA) && /^9*$/.test(restB)) return g.seq(g.range(low, high), any);
  if (low === high) return g.seq(g.range(low, low), sameLength(g, restA, restB));
  return g.alt(
    g.seq(g.range(low, low), sameLength(g, restA, "9".repeat(rest))),
    low + 1 <= high - 1 ? g.seq(g.range(low + 1, high - 1), any) : g.never,
    g.seq(g.range(high, high), sameLength(g, "0".repeat(rest), restB)),
  );
}

/** Of the magnitude. Throws Unsupported beyond 15 digits. */
function decimal({ value, exclusive }: Bound): Decimal {
  const [, mantissa, exponent = "0"] = /^-?([\d.]+)(?:e([+-]\d+))?$/.exec(`${value}`) ?? [];
  if (mantissa === undefined) throw new Unsupported("expected a finite number");
  const [digits, behind = ""] = mantissa.split(".");
  const shift = Number(exponent);
  if (Math.abs(shift) > 30) {
    if (shift > 0) return { whole: 10n ** 30n, fraction: "", exclusive };
    throw new Unsupported(`expected at most ${DIGITS} digits`);
  }
  const padded = shift >= 0 ? behind.padEnd(shift, "0") : behind;
  const all = shift >= 0 ? `${digits}${padded}` : `${"0".repeat(-shift)}${digits}${padded}`;
  const point = shift >= 0 ? digits!.length + shift : all.length - behind.length + shift;
  const fraction = all.slice(point).replace(/0+$/, "");
  if (fraction.length > DIGITS - 1) throw new Unsupported(`expected at most ${DIGITS} digits`);
  return { whole: BigInt(all.slice(0, point) || "0"), fraction, exclusive };
}
