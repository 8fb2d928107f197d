/**
 * parseRegex: a regular expression of ECMA-262 as a tree.
 *
 * It is read here and never given to the platform's RegExp, whose matching may take exponential time and
 * whose parsing has no budget. Escapes of punctuation are taken as in the older grammar (Annex B), since
 * schemas in the wild have many.
 */

import { Unsupported } from "../language/unsupported.ts";
import { complement, rangesOf, shorthands, toRange } from "./ranges.ts";
import type { Range } from "./text.ts";

export type Regex =
  | { kind: "set"; ranges: readonly Range[] }
  | { kind: "seq"; parts: readonly Regex[] }
  | { kind: "alt"; of: readonly Regex[] }
  | { kind: "repeat"; of: Regex; min: number; max: number }
  | { kind: "start" | "end" }
  | { kind: "look"; wanted: boolean; of: Regex };

/** Groups inside groups. */
const MAX_DEPTH = 40;
const MAX_REPEAT = 10_000;
const CONTROLS: Record<string, number> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 };
const EMPTY: Regex = { kind: "seq", parts: [] };

/** Throws Unsupported when `source` is no regular expression, or has what is not supported. `spend`: steps. */
export function parseRegex(source: string, spend: (steps: number) => void): Regex {
  spend(source.length);
  const parser = new Parser(source, spend);
  return parser.whole();
}

class Parser {
  readonly #source: string[];
  readonly #spend: (steps: number) => void;
  /** Properties of characters that this expression has named, by their spelling. */
  readonly #named = new Map<string, readonly Range[]>();
  #at = 0;

  constructor(source: string, spend: (steps: number) => void) {
    this.#source = [...source];
    this.#spend = spend;
  }

  whole(): Regex {
    const found = this.#alternatives(0);
    if (this.#at < this.#source.length) throw malformed(`unmatched ${this.#source[this.#at]}`);
    return found;
  }

  #alternatives(depth: number): Regex {
    if (depth > MAX_DEPTH) throw new Unsupported(`groups nest deeper than ${MAX_DEPTH}`);
    const found = [this.#sequence(depth)];
    while (this.#take("|")) found.push(this.#sequence(depth));
    return found.length === 1 ? found[0]! : { kind: "alt", of: found };
  }

  #sequence(depth: number): Regex {
    const parts: Regex[] = [];
    while (this.#at < this.#source.length && !this.#isNext("|") && !this.#isNext(")")) parts.push(this.#term(depth));
    return parts.length === 1 ? parts[0]! : { kind: "seq", parts };
  }

  #term(depth: number): Regex {
    if (this.#take("^")) return { kind: "start" };
    if (this.#take("$")) return { kind: "end" };
    if (this.#isNext("*") || this.#isNext("+") || this.#isNext("?")) throw malformed("nothing to repeat");
    return this.#quantified(this.#take("(") ? this.#group(depth) : this.#atom());
  }

  #group(depth: number): Regex {
    let look: boolean | undefined;
    if (this.#take("?")) {
      const kind = this.#source[this.#at++];
      if (kind === "=" || kind === "!") look = kind === "=";
      else if (kind === "<" && (this.#isNext("=") || this.#isNext("!"))) throw new Unsupported("has look-behind");
      else if (kind === "<") {
        if (!/^[\p{L}$_][\p{L}\p{N}$_]*>$/u.test(this.#upTo(">"))) throw malformed("a group's name");
      } else if (kind !== ":") throw kind && /[a-z-]/.test(kind) ? new Unsupported("has flags") : malformed("(?");
    }
    const inner = this.#alternatives(depth + 1);
    if (!this.#take(")")) throw malformed("a group that is not closed");
    return look === undefined ? inner : { kind: "look", wanted: look, of: inner };
  }

  #quantified(atom: Regex): Regex {
    const bounds = this.#quantifier();
    if (!bounds) return atom;
    const [min, max] = bounds;
    if (max < min) throw malformed("a repetition's bounds");
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max < Number.POSITIVE_INFINITY)) {
      throw new Unsupported(`repeats more than ${MAX_REPEAT} times`);
    }
    this.#take("?"); // lazy: the language is the same
    if (this.#quantifier()) throw malformed("nothing to repeat");
    return max === 0 ? EMPTY : { kind: "repeat", of: atom, min, max };
  }

  #quantifier(): [min: number, max: number] | undefined {
    if (this.#take("*")) return [0, Number.POSITIVE_INFINITY];
    if (this.#take("+")) return [1, Number.POSITIVE_INFINITY];
    if (this.#take("?")) return [0, 1];
    if (!this.#isNext("{")) return undefined;
    // A brace that begins no count stands for itself.
    const text = this.#source.slice(this.#at, this.#at + 24).join("");
    const [all, least, comma, most] = /^\{(\d{1,9})(,?)(\d{0,9})\}/.exec(text) ?? [];
    if (all === undefined || (comma === "" && most !== "")) return undefined;
    this.#at += all.length;
    const min = Number(least);
    return [min, comma === "" ? min : most === "" ? Number.POSITIVE_INFINITY : Number(most)];
  }

  #atom(): Regex {
    const next = this.#source[this.#at++]!;
    if (next === ".") return { kind: "set", ranges: complement(shorthands.lineEnds) };
    if (next === "[") return { kind: "set", ranges: this.#class() };
    return { kind: "set", ranges: next === "\\" ? this.#escape(false) : [toRange(next.codePointAt(0)!)] };
  }

  #class(): Range[] {
    const inverted = this.#take("^");
    const ranges: Range[] = [];
    while (!this.#take("]")) {
      const from = this.#member();
      this.#spend(from.length >> 2);
      const isRange = this.#isNext("-") && this.#at + 1 < this.#source.length && this.#source[this.#at + 1] !== "]";
      if (!isRange) {
        for (const range of from) ranges.push(range);
        continue;
      }
      this.#at++;
      const to = this.#member();
      // Between sets, the hyphen stands for itself.
      if (from.length !== 1 || to.length !== 1 || from[0]![0] !== from[0]![1] || to[0]![0] !== to[0]![1]) {
        this.#spend(to.length >> 2);
        ranges.push(...from, toRange(0x2d), ...to);
      } else if (from[0]![0] > to[0]![0]) throw malformed("a range that is out of order");
      else ranges.push([from[0]![0], to[0]![0]]);
    }
    return inverted ? complement(ranges) : ranges;
  }

  #member(): readonly Range[] {
    const next = this.#source[this.#at++];
    if (next === undefined) throw malformed("a class that is not closed");
    return next === "\\" ? this.#escape(true) : [toRange(next.codePointAt(0)!)];
  }

  /** After the backslash. */
  #escape(inClass: boolean): readonly Range[] {
    const next = this.#source[this.#at++];
    if (next === undefined) throw malformed("\\ at the end");
    const lower = next.toLowerCase();
    if (lower === "d" || lower === "w" || lower === "s") {
      return next === lower ? shorthands[lower] : complement(shorthands[lower]);
    }
    if (lower === "p") return this.#property(next === "P");
    if (next === "x") return [this.#hex(2)];
    if (next === "u") return [this.#unicode()];
    if (next === "c") {
      const letter = this.#source[this.#at++];
      if (letter === undefined || !/^[a-zA-Z]$/.test(letter)) throw malformed("\\c");
      return [toRange(letter.charCodeAt(0) & 31)];
    }
    if (next in CONTROLS) return [toRange(CONTROLS[next]!)];
    if (next === "b" && inClass) return [toRange(8)];
    if (/^[a-zA-Z1-9]$/.test(next)) throw new Unsupported(`\\${next} is not supported`);
    return [toRange(next.codePointAt(0)!)];
  }

  #property(isOutside: boolean): readonly Range[] {
    const name = this.#take("{") ? this.#upTo("}").slice(0, -1) : "";
    const key = `${isOutside} ${name}`;
    const known = this.#named.get(key);
    if (known) return known;
    const ranges = rangesOf(name, this.#spend);
    if (!ranges) throw malformed("\\p");
    const found = isOutside ? complement(ranges) : ranges;
    this.#named.set(key, found);
    return found;
  }

  #unicode(): Range {
    if (this.#take("{")) {
      const digits = this.#upTo("}").slice(0, -1);
      if (!/^[0-9a-fA-F]{1,8}$/.test(digits)) throw malformed("\\u");
      return toRange(Number.parseInt(digits, 16));
    }
    const high = this.#hex(4);
    const pairs =
      high[0] >= 0xd800 && high[0] < 0xdc00 && this.#source[this.#at] === "\\" && this.#source[this.#at + 1] === "u";
    if (!pairs) return high;
    this.#at += 2;
    return toRange(0x10000 + ((high[0] - 0xd800) << 10) + (this.#hex(4)[0] - 0xdc00));
  }

  #hex(digits: number): Range {
    const text = this.#source.slice(this.#at, this.#at + digits).join("");
    if (!/^[0-9a-fA-F]+$/.test(text) || text.length !== digits) throw malformed("a number of an escape");
    this.#at += digits;
    return toRange(Number.parseInt(text, 16));
  }

  /** With `end`; at most 64 characters. */
  #upTo(end: string): string {
    const text = this.#source.slice(this.#at, this.#at + 64);
    const length = text.indexOf(end) + 1;
    if (length === 0) throw malformed(`no ${end}`);
    this.#at += length;
    return text.slice(0, length).join("");
  }

  #isNext(character: string): boolean {
    return this.#source[this.#at] === character;
  }

  #take(expected: string): boolean {
    if (!this.#isNext(expected)) return false;
    this.#at++;
    return true;
  }
}

const malformed = (what: string) => new Unsupported(`expected a regular expression (${what})`);
