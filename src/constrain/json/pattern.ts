/**
 * pattern: a regular expression as the language of strings that it finds a match in, in JSON's characters.
 *
 * A part is compiled together with what follows it up to the string's end, so that `$` and look-ahead know what comes. Not supported, and
 * said so: back references, word boundaries, look-behind, and repetitions of assertions.
 */
import type { Expr, Grammar } from "../language/expr.ts";
import { intersect } from "../language/intersect.ts";
import { Unsupported } from "../language/unsupported.ts";
import { parseRegex, type Regex } from "./regex-syntax.ts";
import { ANY, character } from "./text.ts";

/** Throws Unsupported and TooComplex. */
export function pattern(g: Grammar, source: string): Expr {
  return new Compiler(g).whole(parseRegex(source, (steps) => g.budget.spend(steps)));
}

class Compiler {
  readonly #g: Grammar;
  readonly #anything: Expr;

  constructor(g: Grammar) {
    this.#g = g;
    this.#anything = g.repeat(character(g, ANY));
  }

  whole(regex: Regex): Expr {
    const g = this.#g;
    const fromStart = this.#read(regex, true, this.#anything);
    if (isAnchored(regex)) return fromStart;
    const later = this.#read(regex, false, this.#anything);
    // What a match may be anywhere, it may be at the start.
    return later === fromStart
      ? g.seq(this.#anything, later)
      : g.alt(fromStart, g.seq(character(g, ANY), this.#anything, later));
  }

  /** Strings that match here and then are in `rest`, which goes up to the end. `atStart`: nothing stands before. */
  #read(regex: Regex, atStart: boolean, rest: Expr): Expr {
    const g = this.#g;
    if (!hasAssertion(regex)) return g.seq(this.#plain(regex), rest);
    switch (regex.kind) {
      case "start":
        return atStart ? rest : g.never;
      case "end":
        return rest.nullable ? g.empty : g.never;
      case "look": {
        const ahead = this.#read(regex.of, atStart, this.#anything);
        return regex.wanted ? intersect(g, [rest, ahead]) : intersect(g, [rest], [ahead]);
      }
      case "alt":
        return g.alt(...regex.of.map((branch) => this.#read(branch, atStart, rest)));
      case "seq":
        return this.#sequence(regex.parts, atStart, rest);
      case "repeat":
        if (regex.max > 1) return this.#repeated(regex.of, regex.min, regex.max, atStart, rest);
        return g.alt(regex.min === 0 ? rest : g.never, this.#read(regex.of, atStart, rest));
      default:
        return g.never;
    }
  }

  #sequence(parts: readonly Regex[], atStart: boolean, rest: Expr): Expr {
    const [first, ...others] = parts;
    if (!first) return rest;
    const g = this.#g;
    const following: Regex = { kind: "seq", parts: others };
    const mayBeEmpty = isEmpty(first);
    if (!atStart || mayBeEmpty === "always" || !others.some(hasStart)) {
      return this.#read(first, atStart, this.#sequence(others, atStart && mayBeEmpty === "always", rest));
    }
    if (mayBeEmpty === "never") return this.#read(first, true, this.#read(following, false, rest));
    if (hasAssertion(first)) throw new Unsupported("has an assertion before ^");
    return g.alt(
      this.#read(following, true, rest),
      g.seq(g.withoutEmpty(this.#plain(first)), this.#read(following, false, rest)),
    );
  }

  /** An assertion holds or does not, however often; only what is not one is repeated. */
  #repeated(of: Regex, min: number, max: number, atStart: boolean, rest: Expr): Expr {
    if (isEmpty(of) === "always") return this.#g.alt(min === 0 ? rest : this.#g.never, this.#read(of, atStart, rest));
    if (max > 8 || hasStart(of)) throw new Unsupported("repeats an assertion");
    const less = () => this.#repeated(of, Math.max(min - 1, 0), max - 1, false, rest);
    return this.#g.alt(min === 0 ? rest : this.#g.never, max > 0 ? this.#read(of, atStart, less()) : this.#g.never);
  }

  #plain(regex: Regex): Expr {
    const g = this.#g;
    switch (regex.kind) {
      case "set":
        return character(g, regex.ranges);
      case "seq":
        return g.seq(...regex.parts.map((part) => this.#plain(part)));
      case "alt":
        return g.alt(...regex.of.map((part) => this.#plain(part)));
      case "repeat":
        return g.repeat(this.#plain(regex.of), regex.min, regex.max);
      default:
        throw new Unsupported("has an assertion here");
    }
  }
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
