/**
 * Numbers in given bounds, as digits. At most 15 significant digits, so that no two of them are the same double and no run of digits goes
 * on for ever. Bounded numbers and integers have no exponent.
 */
import { Automaton } from "../language/automaton.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { intersect } from "../language/intersect.ts";
import { Unsupported } from "../language/unsupported.ts";

export interface Bound {
  value: number;
  /** The value itself is out. */
  exclusive: boolean;
}

const DIGITS = 15;
/** Of a number with bounds, unless the bounds have more themselves. */
const FRACTION_DIGITS = 6;
const MAX_DIVISOR = 1000;

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
  return signed(g, low, high, Math.max(behind, Math.min(FRACTION_DIGITS, DIGITS - before)));
}

export function integer(g: Grammar, low?: Bound, high?: Bound): Expr {
  return signed(g, low, high, 0);
}

/** Whole multiples. */
export function multiplesOf(g: Grammar, numbers: Expr, divisor: number): Expr {
  if (!Number.isInteger(divisor) || divisor > MAX_DIVISOR) {
    throw new Unsupported(`expected a whole number of at most ${MAX_DIVISOR}`);
  }
  // States: the remainder; then the start. A sign changes no remainder of zero.
  const start = divisor;
  const next = new Int32Array((divisor + 1) * 12).fill(-1);
  const classOf = Uint8Array.from({ length: 256 }, (_, b) => (b >= 48 && b <= 57 ? b - 48 : b === 45 ? 10 : 11));
  for (let state = 0; state <= divisor; state++) {
    for (let digit = 0; digit < 10; digit++) {
      next[state * 12 + digit] = ((state === start ? 0 : state) * 10 + digit) % divisor;
    }
  }
  next[start * 12 + 10] = start;
  const accepts = Uint8Array.from({ length: divisor + 1 }, (_, state) => Number(state === 0));
  return intersect(g, [numbers, g.automaton(new Automaton(accepts, classOf, next), start)]);
}

/** At most `places` digits behind the point. */
export function rounded(g: Grammar, numbers: Expr, places: number): Expr {
  const digits = g.repeat(g.range(48, 57), 1);
  const form = g.seq(
    g.optional(g.literal("-")),
    digits,
    g.optional(g.seq(g.literal("."), g.repeat(g.range(48, 57), 1, places))),
  );
  return intersect(g, [numbers, form]);
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
