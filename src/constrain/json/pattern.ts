/**
 * pattern: a regular expression as the language of strings that it finds a match in, in JSON's characters.
 *
 * A part is compiled together with what follows it up to the string's end, so that `$` and look-ahead know what comes.
 * Not supported, and said so: back references, word boundaries, look-behind, and repetitions of assertions.
 */
import type { Work } from "../../core/work.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { intersect } from "../language/intersect.ts";
import { Unsupported } from "../language/unsupported.ts";
import { parseRegex, type Regex } from "./regex-syntax.ts";
import { ANY, character } from "./text.ts";

/** Of one sequence, with what stands between them. */
const MAX_ASSERTIONS = 60;

/** Throws Unsupported and TooComplex. */
export function* pattern(g: Grammar, source: string): Work<Expr> {
  return yield* new Compiler(g).whole(parseRegex(source, (steps) => g.budget.spend(steps)));
}

class Compiler {
  readonly #g: Grammar;
  readonly #anything: Expr;

  constructor(g: Grammar) {
    this.#g = g;
    this.#anything = g.repeat(character(g, ANY));
  }

  *whole(regex: Regex): Work<Expr> {
    const g = this.#g;
    const fromStart = yield* this.#read(regex, true, this.#anything);
    if (isAnchored(regex)) return fromStart;
    const later = yield* this.#read(regex, false, this.#anything);
    // What a match may be anywhere, it may be at the start.
    return later === fromStart
      ? g.seq(this.#anything, later)
      : g.alt(fromStart, g.seq(character(g, ANY), this.#anything, later));
  }

  /** Strings that match here and then are in `rest`, which goes up to the end. `atStart`: nothing stands before. */
  *#read(regex: Regex, atStart: boolean, rest: Expr): Work<Expr> {
    const g = this.#g;
    if (!hasAssertion(regex)) return g.seq(yield* this.#plain(regex), rest);
    switch (regex.kind) {
      case "start":
        return atStart ? rest : g.never;
      case "end":
        return rest.nullable ? g.empty : g.never;
      case "look": {
        const ahead = yield* this.#read(regex.of, atStart, this.#anything);
        return regex.wanted ? yield* intersect(g, [rest, ahead]) : yield* intersect(g, [rest], [ahead]);
      }
      case "alt":
        return yield* this.#branches(regex.of, atStart, rest);
      case "seq":
        return yield* this.#sequence(regex.parts, atStart, rest);
      case "repeat":
        if (regex.max > 1) return yield* this.#repeated(regex.of, regex.min, regex.max, atStart, rest);
        return g.alt(regex.min === 0 ? rest : g.never, yield* this.#read(regex.of, atStart, rest));
      default:
        return g.never;
    }
  }

  *#branches(of: readonly Regex[], atStart: boolean, rest: Expr): Work<Expr> {
    const read: Expr[] = [];
    for (const branch of of) read.push(yield* this.#read(branch, atStart, rest));
    return this.#g.union(read);
  }

  *#sequence(parts: readonly Regex[], atStart: boolean, rest: Expr): Work<Expr> {
    const g = this.#g;
    const joined = join(parts);
    if (joined.length > MAX_ASSERTIONS) throw new Unsupported(`has more than ${MAX_ASSERTIONS} assertions`);
    let from = 0;
    while (atStart && from < joined.length && isEmpty(joined[from]!) === "always") from++;
    const starts = joined.findLastIndex(hasStart);
    if (!atStart || starts <= from) {
      // What comes first may see the start, and nothing after it asks.
      let read = rest;
      for (let i = joined.length - 1; i >= 0; i--) read = yield* this.#read(joined[i]!, atStart && i <= from, read);
      return read;
    }
    const [first, following] = [joined[from]!, { kind: "seq", parts: joined.slice(from + 1) } as const];
    let read: Expr;
    if (isEmpty(first) === "never") {
      read = yield* this.#read(first, true, yield* this.#read(following, false, rest));
    } else if (hasAssertion(first)) throw new Unsupported("has an assertion before ^");
    else {
      const none = yield* this.#read(following, true, rest);
      const some = g.withoutEmpty(yield* this.#plain(first));
      read = g.alt(none, g.seq(some, yield* this.#read(following, false, rest)));
    }
    for (let i = from - 1; i >= 0; i--) read = yield* this.#read(joined[i]!, true, read);
    return read;
  }

  /** An assertion holds or does not, however often; only what is not one is repeated. */
  *#repeated(of: Regex, min: number, max: number, atStart: boolean, rest: Expr): Work<Expr> {
    if (isEmpty(of) === "always")
      return this.#g.alt(min === 0 ? rest : this.#g.never, yield* this.#read(of, atStart, rest));
    if (max > 8 || hasStart(of)) throw new Unsupported("repeats an assertion");
    const none = min === 0 ? rest : this.#g.never;
    if (max === 0) return none;
    const less = yield* this.#repeated(of, Math.max(min - 1, 0), max - 1, false, rest);
    return this.#g.alt(none, yield* this.#read(of, atStart, less));
  }

  *#plain(regex: Regex): Work<Expr> {
    const g = this.#g;
    switch (regex.kind) {
      case "set":
        yield* g.budget.pause();
        return character(g, regex.ranges);
      case "seq":
        return g.sequence(yield* this.#each(regex.parts));
      case "alt":
        return g.union(yield* this.#each(regex.of));
      case "repeat":
        return g.repeat(yield* this.#plain(regex.of), regex.min, regex.max);
      default:
        throw new Unsupported("has an assertion here");
    }
  }

  *#each(parts: readonly Regex[]): Work<Expr[]> {
    const found: Expr[] = [];
    for (const part of parts) found.push(yield* this.#plain(part));
    return found;
  }
}

/** Neighbours without assertions as one part. */
function join(parts: readonly Regex[]): Regex[] {
  const joined: Regex[] = [];
  let plain: Regex[] = [];
  for (const part of [...parts, undefined]) {
    if (part && !hasAssertion(part)) plain.push(part);
    else {
      if (plain.length > 0) joined.push(plain.length === 1 ? plain[0]! : { kind: "seq", parts: plain });
      if (part) joined.push(part);
      plain = [];
    }
  }
  return joined;
}

function hasAssertion(regex: Regex): boolean {
  if (regex.kind === "seq") return regex.parts.some(hasAssertion);
  if (regex.kind === "alt") return regex.of.some(hasAssertion);
  return regex.kind === "repeat" ? hasAssertion(regex.of) : regex.kind !== "set";
}

function hasStart(regex: Regex): boolean {
  if (regex.kind === "seq") return regex.parts.some(hasStart);
  if (regex.kind === "alt") return regex.of.some(hasStart);
  return regex.kind === "repeat" || regex.kind === "look" ? hasStart(regex.of) : regex.kind === "start";
}

/** Every match begins at the start. */
function isAnchored(regex: Regex): boolean {
  if (regex.kind === "alt") return regex.of.every(isAnchored);
  if (regex.kind === "seq") {
    const first = regex.parts.find((part) => part.kind !== "look");
    return first !== undefined && isAnchored(first);
  }
  return regex.kind === "repeat" ? regex.min > 0 && isAnchored(regex.of) : regex.kind === "start";
}

/** Whether a match takes no characters. */
function isEmpty(regex: Regex): "always" | "sometimes" | "never" {
  if (regex.kind === "set") return "never";
  if (regex.kind === "repeat") {
    const inner = isEmpty(regex.of);
    return inner !== "always" && regex.min === 0 ? "sometimes" : inner;
  }
  if (regex.kind === "seq") {
    const parts = regex.parts.map(isEmpty);
    if (parts.includes("never")) return "never";
    return parts.includes("sometimes") ? "sometimes" : "always";
  }
  if (regex.kind === "alt") {
    const parts = new Set(regex.of.map(isEmpty));
    return parts.size === 1 ? [...parts][0]! : "sometimes";
  }
  return "always";
}
