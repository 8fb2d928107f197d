/**
 * pattern: a regular expression of ECMA-262 (flag u) as the language of strings that it finds a match in, in JSON's characters.
 *
 * Not supported, and said so: back references, word boundaries, anchors in the middle, and look-around but for look-ahead right behind ^.
 */
import { intersect } from "../language/automaton.ts";
import { type Expr, type Grammar, Unsupported } from "../language/expr.ts";
import { codeRange, complement, LINE_ENDS, rangesOf, shorthands, toRange } from "./ranges.ts";
import { character, EVERYTHING, type Range } from "./text.ts";

const MAX_DEPTH = 40;
const MAX_REPEAT = 10_000;
const CONTROLS: Record<string, number> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 };

/** Throws Unsupported. */
export function pattern(g: Grammar, source: string): Expr {
  try {
    new RegExp(source, "u");
  } catch {
    throw new Unsupported("expected a regular expression");
  }
  const anything = g.repeat(character(g, [EVERYTHING]));
  const found = new Reader(g, source).alternatives(0);
  const upTo = ({ expr, toEnd }: Alternative) => g.seq(expr, toEnd ? g.empty : anything);
  return g.alt(
    ...found.map((alternative) => {
      const whole = g.seq(alternative.fromStart ? g.empty : anything, upTo(alternative));
      const ahead = (wanted: boolean) =>
        alternative.ahead.filter((look) => look.wanted === wanted).map((look) => g.alt(...look.of.map(upTo)));
      return alternative.ahead.length === 0 ? whole : intersect(g, [whole, ...ahead(true)], ahead(false));
    }),
  );
}

interface Alternative {
  expr: Expr;
  fromStart: boolean;
  toEnd: boolean;
  /** Look-ahead at the start: what must, or must not, match there too. */
  ahead: { wanted: boolean; of: Alternative[] }[];
}

/** Reads what RegExp has accepted. */
class Reader {
  readonly #g: Grammar;
  readonly #source: string[];
  #at = 0;

  constructor(g: Grammar, source: string) {
    this.#g = g;
    this.#source = [...source];
  }

  alternatives(depth: number): Alternative[] {
    if (depth > MAX_DEPTH) throw new Unsupported(`groups nest deeper than ${MAX_DEPTH}`);
    const found = [...this.#alternative(depth)];
    while (this.#take("|")) found.push(...this.#alternative(depth));
    return found;
  }

  #alternative(depth: number): Alternative[] {
    const fromStart = this.#take("^");
    const ahead: Alternative["ahead"] = [];
    while (fromStart && depth === 0 && /^\(\?[=!]$/.test(this.#source.slice(this.#at, this.#at + 3).join(""))) {
      this.#at += 3;
      const wanted = this.#source[this.#at - 1] === "=";
      ahead.push({ wanted, of: this.alternatives(depth + 1) });
      this.#at++; // the closing parenthesis
    }
    const parts: Expr[] = [];
    let toEnd = false;
    while (this.#at < this.#source.length && !"|)".includes(this.#source[this.#at]!)) {
      if (toEnd || this.#source[this.#at] === "^") throw new Unsupported("^ and $ are supported at the ends only");
      if (this.#take("$")) {
        toEnd = true;
        continue;
      }
      const group = this.#take("(") ? this.#group(depth) : undefined;
      if (group?.some((inner) => inner.fromStart || inner.toEnd)) {
        const isAll =
          parts.length === 0 && (this.#at >= this.#source.length || "|)$".includes(this.#source[this.#at]!));
        const rest = this.#take("$");
        if (!isAll) throw new Unsupported("^ and $ are supported at the ends only");
        return group.map((inner) => ({
          ...inner,
          ahead,
          fromStart: fromStart || inner.fromStart,
          toEnd: rest || inner.toEnd,
        }));
      }
      const atom = group ? this.#g.alt(...group.map(({ expr }) => expr)) : this.#atom();
      parts.push(this.#quantified(atom));
    }
    return [{ expr: this.#g.seq(...parts), fromStart, toEnd, ahead }];
  }

  #group(depth: number): Alternative[] {
    if (this.#take("?")) {
      const kind = this.#source[this.#at++]!;
      if (kind === "<" && !"=!".includes(this.#source[this.#at]!)) this.#at = this.#source.indexOf(">", this.#at) + 1;
      else if (kind !== ":")
        throw new Unsupported("look-around is supported as look-ahead right behind ^ only, flags are not");
    }
    const inner = this.alternatives(depth + 1);
    this.#at++; // the closing parenthesis
    return inner;
  }

  #quantified(atom: Expr): Expr {
    const next = this.#source[this.#at];
    let [min, max] = [1, 1];
    if (next === "*") [min, max] = [0, Number.POSITIVE_INFINITY];
    else if (next === "+") [min, max] = [1, Number.POSITIVE_INFINITY];
    else if (next === "?") [min, max] = [0, 1];
    else if (next === "{") {
      const end = this.#source.indexOf("}", this.#at);
      const [least, most] = this.#source
        .slice(this.#at + 1, end)
        .join("")
        .split(",");
      min = Number(least);
      max = most === undefined ? min : most === "" ? Number.POSITIVE_INFINITY : Number(most);
      if (min > MAX_REPEAT || (max > MAX_REPEAT && max < Number.POSITIVE_INFINITY)) {
        throw new Unsupported(`repeats more than ${MAX_REPEAT} times`);
      }
      this.#at = end;
    } else return atom;
    this.#at++;
    this.#take("?"); // lazy: the language is the same
    return this.#g.repeat(atom, min, max);
  }

  #atom(): Expr {
    const next = this.#source[this.#at++]!;
    if (next === ".") return character(this.#g, complement(LINE_ENDS));
    if (next === "[") return character(this.#g, this.#class());
    return character(this.#g, next === "\\" ? this.#escape(false) : [codeRange(next)]);
  }

  #class(): Range[] {
    const inverted = this.#take("^");
    const ranges: Range[] = [];
    const item = () => {
      const next = this.#source[this.#at++]!;
      return next === "\\" ? this.#escape(true) : [codeRange(next)];
    };
    while (!this.#take("]")) {
      const from = item();
      if (this.#source[this.#at] === "-" && this.#source[this.#at + 1] !== "]") {
        this.#at++;
        ranges.push([from[0]![0], item()[0]![1]]);
      } else ranges.push(...from);
    }
    return inverted ? complement(ranges) : ranges;
  }

  /** After the backslash. */
  #escape(inClass: boolean): Range[] {
    const next = this.#source[this.#at++]!;
    const shorthand = shorthands[next.toLowerCase()];
    if (shorthand) return next in shorthands ? shorthand : complement(shorthand);
    if (next === "p" || next === "P") return rangesOf(`\\${next}${this.#upTo("}")}`);
    if (next === "x") return [this.#hex(2)];
    if (next === "u") {
      if (this.#take("{")) return [toRange(Number.parseInt(this.#upTo("}"), 16))];
      const high = this.#hex(4);
      const pairs =
        high[0] >= 0xd800 && high[0] < 0xdc00 && this.#source.slice(this.#at, this.#at + 2).join("") === "\\u";
      if (!pairs) return [high];
      this.#at += 2;
      return [toRange(0x10000 + ((high[0] - 0xd800) << 10) + (this.#hex(4)[0] - 0xdc00))];
    }
    if (next in CONTROLS) return [toRange(CONTROLS[next]!)];
    if (next === "b" && inClass) return [toRange(8)];
    if (/[a-zA-Z1-9]/.test(next)) throw new Unsupported(`\\${next} is not supported`);
    return [codeRange(next)];
  }

  #hex(digits: number): Range {
    this.#at += digits;
    return toRange(Number.parseInt(this.#source.slice(this.#at - digits, this.#at).join(""), 16));
  }

  #upTo(end: string): string {
    const from = this.#at;
    this.#at = this.#source.indexOf(end, from) + 1;
    return this.#source.slice(from, this.#at).join("");
  }

  #take(expected: string): boolean {
    if (this.#source[this.#at] !== expected) return false;
    this.#at++;
    return true;
  }
}
