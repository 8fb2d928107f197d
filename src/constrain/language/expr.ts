/**
 * Expr: a language of byte strings, as an expression that is read one byte at a time.
 *
 * Reading a byte turns an expression into the expression of what may follow (its derivative). Equal expressions are
 * one object, so what was read once is remembered. Languages nest through named references, as JSON does. Nothing that
 * is not `never` is a dead end. It is one file because making an expression and reading one share the table in which
 * equal expressions are one object.
 * Source: Brzozowski, Derivatives of Regular Expressions, 1964.
 */
import { check } from "../../core/failure.ts";
import type { Automaton, ByteSet } from "./automaton.ts";
import { Budget } from "./budget.ts";
import type { Characters } from "./characters.ts";
import { Unsupported } from "./unsupported.ts";

interface Base {
  readonly id: number;
  /** The empty string belongs to the language. */
  readonly nullable: boolean;
  /** By byte: derivatives met so far. */
  next: Map<number, Expr> | undefined;
  /** Bytes that may come first, once somebody asked. */
  firsts: ByteSet | undefined;
}
export type Expr = Base &
  (
    | { readonly kind: "never" | "empty" }
    | { readonly kind: "bytes"; readonly set: ByteSet }
    /** `first` is no sequence and never empty. */
    | { readonly kind: "seq"; readonly first: Expr; readonly rest: Expr }
    | { readonly kind: "alt"; readonly of: readonly Expr[] }
    /** `max` may be Infinity; `of` is not nullable. */
    | { readonly kind: "repeat"; readonly of: Expr; readonly min: number; readonly max: number }
    | { readonly kind: "automaton"; readonly automaton: Automaton; readonly state: number }
    /** From a state on, with `min` to `max` characters that begin from here on; `max` may be Infinity. */
    | {
        readonly kind: "counted";
        readonly text: Characters;
        readonly state: number;
        readonly min: number;
        readonly max: number;
      }
    | { readonly kind: "ref"; readonly name: string }
  );

/** Steps to make an expression: about 300 bytes. */
const MAKING = 8;
/** Steps to write down a set of bytes. */
const SET = 16;
/** Steps that one mask of the vocabulary may take once the grammar is made. */
const READING_STEPS = 2_000_000;
/** Expressions with derivatives of their own; beyond this they are forgotten. About 1 KB each. */
const REMEMBERED = 3000;
/** Ids fit below it: two of them make a key that a double holds. */
const IDS = 2 ** 26;
const NO_BYTES: ByteSet = new Uint8Array(256);
const encoder = new TextEncoder();

export class Grammar {
  readonly never: Expr;
  readonly empty: Expr;
  readonly #known = new Map<string, Expr>();
  /** Sequences, by the ids of their two parts: they are by far the most. */
  readonly #sequences = new Map<number, Expr>();
  readonly #defined = new Map<string, Expr>();
  readonly #automata = new Map<Automaton, number>();
  readonly #remembering: Expr[] = [];
  readonly #ranges: Expr[] = [];
  #budget: Budget;
  #made = 0;

  constructor(budget = new Budget()) {
    this.#budget = budget;
    this.never = this.#make("never", { kind: "never", nullable: false });
    this.empty = this.#make("empty", { kind: "empty", nullable: true });
  }

  /** What building it costs, and from `finish` on what one mask does. */
  get budget(): Budget {
    return this.#budget;
  }

  bytes(set: ByteSet): Expr {
    this.budget.spend(SET);
    if (set.every((member) => member === 0)) return this.never;
    return this.#make(`b${set.join("")}`, { kind: "bytes", nullable: false, set });
  }

  range(low: number, high: number): Expr {
    const key = low * 256 + high;
    this.#ranges[key] ??= this.bytes(new Uint8Array(256).fill(1, low, high + 1));
    return this.#ranges[key];
  }

  /** One of these ASCII characters. */
  oneOf(characters: string): Expr {
    return this.bytes(
      Uint8Array.from({ length: 256 }, (_, byte) => Number(characters.includes(String.fromCharCode(byte)))),
    );
  }

  literal(text: string): Expr {
    return this.sequence(Array.from(encoder.encode(text), (byte) => this.range(byte, byte)));
  }

  seq(...parts: readonly Expr[]): Expr {
    return this.sequence(parts);
  }

  /** As `seq`, for lists of any length. */
  sequence(parts: readonly Expr[]): Expr {
    return parts.reduceRight((rest, part) => this.#then(part, rest), this.empty);
  }

  #then(first: Expr, rest: Expr): Expr {
    if (first.kind === "never" || rest.kind === "never") return this.never;
    if (first.kind === "empty") return rest;
    if (rest.kind === "empty") return first;
    // The spine is walked with a loop: literals are long.
    let joined = rest;
    const spine: Expr[] = [];
    for (let at = first; ; at = at.rest) {
      if (at.kind !== "seq") {
        spine.push(at);
        break;
      }
      spine.push(at.first);
    }
    for (const part of spine.reverse()) {
      joined = this.#pair(part, joined);
    }
    return joined;
  }

  #pair(first: Expr, rest: Expr): Expr {
    const fields = { kind: "seq", nullable: first.nullable && rest.nullable, first, rest } as const;
    // Only in a reply that goes on for very long.
    if (this.#made >= IDS) return this.#make(`s${first.id},${rest.id}`, fields);
    const key = first.id * IDS + rest.id;
    const known = this.#sequences.get(key);
    this.budget.spend(known ? 1 : MAKING);
    if (known) return known;
    const made = this.#new(fields);
    this.#sequences.set(key, made);
    return made;
  }

  alt(...parts: readonly Expr[]): Expr {
    return this.union(parts);
  }

  /** As `alt`, for lists of any length. */
  union(parts: readonly Expr[]): Expr {
    const only = this.#only(parts);
    if (only) {
      this.budget.spend(parts.length);
      return only;
    }
    const members = new Map<number, Expr>();
    let set: Expr | undefined;
    for (const part of parts) {
      for (const member of part.kind === "alt" ? part.of : [part]) {
        if (member.kind === "bytes") set = set ? this.#either(set, member) : member;
        else if (member.kind !== "never") members.set(member.id, member);
      }
    }
    if (set) members.set(set.id, set);
    this.budget.spend(parts.length + 2 * members.size);
    const of = [...members.values()].sort((a, b) => a.id - b.id);
    if (of.length === 0) return this.never;
    if (of.length === 1) return of[0]!;
    const nullable = of.some((member) => member.nullable);
    return this.#make(`a${of.map(({ id }) => id).join()}`, { kind: "alt", nullable, of });
  }

  /** The one of these that is not `never`; undefined where there are several. */
  #only(parts: readonly Expr[]): Expr | undefined {
    let only = this.never;
    for (const part of parts) {
      if (part === only || part.kind === "never") continue;
      if (only !== this.never) return undefined;
      only = part;
    }
    return only;
  }

  #either(a: Expr, b: Expr): Expr {
    if (a === b || a.kind !== "bytes" || b.kind !== "bytes") return a;
    return this.bytes(a.set.map((is, byte) => is | b.set[byte]!));
  }

  optional(expr: Expr): Expr {
    return this.alt(this.empty, expr);
  }

  repeat(of: Expr, min = 0, max = Number.POSITIVE_INFINITY): Expr {
    if (max < min) return this.never;
    if (of.kind === "never") return min === 0 ? this.empty : this.never;
    if (max === 0 || of.kind === "empty") return this.empty;
    const rest = of.nullable ? this.withoutEmpty(of) : of;
    const least = of.nullable ? 0 : min;
    if (least === 1 && max === 1) return rest;
    return this.#make(`r${rest.id},${least},${max}`, {
      kind: "repeat",
      nullable: least === 0,
      of: rest,
      min: least,
      max,
    });
  }

  /** The same language without the empty string. */
  withoutEmpty(expr: Expr): Expr {
    if (!expr.nullable) return expr;
    switch (expr.kind) {
      case "alt":
        return this.union(expr.of.map((member) => this.withoutEmpty(member)));
      case "repeat":
        return this.seq(expr.of, this.repeat(expr.of, 0, expr.max - 1));
      case "seq":
        return this.alt(this.seq(this.withoutEmpty(expr.first), expr.rest), this.withoutEmpty(expr.rest));
      case "automaton":
      case "counted":
        throw new Unsupported("a repetition of it cannot be held to");
      default:
        return this.never;
    }
  }

  automaton(automaton: Automaton, state: number): Expr {
    if (state < 0) return this.never;
    const nullable = automaton.accepts[state] === 1;
    if (nullable && automaton.isEnd(state)) return this.empty;
    return this.#make(`d${this.#numberOf(automaton)},${state}`, { kind: "automaton", nullable, automaton, state });
  }

  /** Texts from a state on with `min` to `max` characters. Once nothing is left to count, it is the automaton alone. */
  counted(text: Characters, state: number, min: number, max: number): Expr {
    if (state < 0 || !text.fits(state, min, max)) return this.never;
    const { automaton } = text;
    if (min === 0 && max === Number.POSITIVE_INFINITY) return this.automaton(automaton, state);
    const nullable = min === 0 && automaton.accepts[state] === 1;
    if (nullable && !text.goesOn(state, max)) return this.empty;
    const key = `c${this.#numberOf(automaton)},${state},${min},${max}`;
    return this.#make(key, { kind: "counted", nullable, text, state, min, max });
  }

  #numberOf(automaton: Automaton): number {
    const number = this.#automata.get(automaton) ?? this.#automata.size;
    this.#automata.set(automaton, number);
    return number;
  }

  /** A language that is defined under this name sooner or later. It never holds the empty string. */
  ref(name: string): Expr {
    return this.#make(`n${name}`, { kind: "ref", nullable: false, name });
  }

  define(name: string, expr: Expr): void {
    check(!expr.nullable, "bug", () => `${name}: may be empty`);
    this.#defined.set(name, expr);
  }

  /** Names and their languages. */
  definitions(): ReadonlyMap<string, Expr> {
    return this.#defined;
  }

  /** From here on it is only read. */
  finish(): void {
    this.beginReading();
    this.forget();
  }

  /** What follows has a budget of its own. */
  beginReading(): void {
    this.#budget = new Budget(READING_STEPS);
  }

  /** What may follow `byte`. */
  after(expr: Expr, byte: number): Expr {
    // Literals are most of a grammar, and nothing need be remembered of them.
    if (expr.kind === "bytes") return expr.set[byte] === 1 ? this.empty : this.never;
    if (expr.kind === "seq" && expr.first.kind === "bytes") {
      return expr.first.set[byte] === 1 ? expr.rest : this.never;
    }
    const known = expr.next?.get(byte);
    if (known) return known;
    if (!expr.next) {
      this.#remember(expr);
      expr.next = new Map();
    }
    const found = this.#after(expr, byte);
    expr.next!.set(byte, found);
    return found;
  }

  /** As `after`, for who reads each expression once: nothing is remembered of it. */
  afterOnce(expr: Expr, byte: number): Expr {
    return expr.next?.get(byte) ?? this.#after(expr, byte);
  }

  #after(expr: Expr, byte: number): Expr {
    switch (expr.kind) {
      case "bytes":
        return expr.set[byte] === 1 ? this.empty : this.never;
      case "seq": {
        const read = this.#then(this.after(expr.first, byte), expr.rest);
        return expr.first.nullable ? this.alt(read, this.after(expr.rest, byte)) : read;
      }
      case "alt":
        return this.union(expr.of.map((member) => this.after(member, byte)));
      case "repeat": {
        const read = this.after(expr.of, byte);
        return read.kind === "never"
          ? read
          : this.#then(read, this.repeat(expr.of, Math.max(expr.min - 1, 0), expr.max - 1));
      }
      case "automaton":
        return this.automaton(expr.automaton, expr.automaton.after(expr.state, byte));
      case "counted": {
        const { text, state, min, max } = expr;
        const begun = text.begins[state]!;
        return this.counted(text, text.automaton.after(state, byte), Math.max(min - begun, 0), max - begun);
      }
      case "ref":
        return this.after(this.#definition(expr.name), byte);
      default:
        return this.never;
    }
  }

  #definition(name: string): Expr {
    const expanded = this.#defined.get(name);
    if (!expanded) throw new Unsupported("a constant in a schema that refers to itself cannot be held to");
    return expanded;
  }

  #remember(expr: Expr): void {
    if (!expr.next && !expr.firsts) this.#remembering.push(expr);
  }

  /** (256) 1 for each byte after which something may follow. Shared: do not change it. */
  firsts(expr: Expr): ByteSet {
    switch (expr.kind) {
      case "bytes":
        return expr.set;
      case "repeat":
        return this.firsts(expr.of);
      case "ref":
        return this.firsts(this.#definition(expr.name));
      case "seq":
        if (!expr.first.nullable) return this.firsts(expr.first);
        break;
      case "never":
      case "empty":
        return NO_BYTES;
    }
    if (expr.firsts) return expr.firsts;
    this.#remember(expr);
    const found = new Uint8Array(256);
    expr.firsts = found;
    if (expr.kind === "automaton") {
      for (let byte = 0; byte < 256; byte++) found[byte] = Number(expr.automaton.after(expr.state, byte) >= 0);
      return found;
    }
    if (expr.kind === "counted") {
      const { text, state, min, max } = expr;
      const begun = text.begins[state]!;
      const nearest = text.nearest(Math.max(min - begun, 0));
      for (let byte = 0; byte < 256; byte++) {
        const to = text.automaton.after(state, byte);
        found[byte] = Number(to >= 0 && nearest[to]! <= max - begun);
      }
      return found;
    }
    const parts = expr.kind === "seq" ? [expr.first, expr.rest] : expr.of;
    this.budget.spend(parts.length);
    for (const part of parts) {
      const set = this.firsts(part);
      for (let byte = 0; byte < 256; byte++) found[byte]! |= set[byte]!;
    }
    return found;
  }

  /** Whether the language holds this text. */
  holds(expr: Expr, text: string): boolean {
    let at = expr;
    for (const byte of encoder.encode(text)) at = this.after(at, byte);
    return at.nullable;
  }

  /** Bounds the memory of a long reply: true when everything remembered was forgotten. Call it between readings. */
  trim(): boolean {
    if (this.#remembering.length <= REMEMBERED) return false;
    this.forget();
    return true;
  }

  /** What was read is read anew: after names were defined again. */
  forget(): void {
    for (const expr of this.#remembering.splice(0)) {
      expr.next = undefined;
      expr.firsts = undefined;
    }
    // Expressions that are still held stay what they are; equal ones made from now on are other objects.
    this.#known.clear();
    this.#sequences.clear();
  }

  #make(key: string, fields: Fields): Expr {
    const known = this.#known.get(key);
    this.budget.spend(known ? 1 : MAKING);
    if (known) return known;
    const made = this.#new(fields);
    this.#known.set(key, made);
    return made;
  }

  #new(fields: Fields): Expr {
    return { ...fields, id: this.#made++, next: undefined, firsts: undefined } as Expr;
  }
}

type Fields = DistributiveOmit<Expr, "id" | "next" | "firsts">;

type DistributiveOmit<T, K extends keyof T> = T extends unknown ? Omit<T, K> : never;
