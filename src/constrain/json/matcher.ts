/** Matcher: whether a text fits patterns, by their automata: a text is read once, whatever the pattern is. */

import { TextMap } from "../../core/text-keys.ts";
import { atOnce, type Work } from "../../core/work.ts";
import type { Budget } from "../language/budget.ts";
import { type Expr, Grammar } from "../language/expr.ts";
import { intersect } from "../language/intersect.ts";
import { pattern } from "./pattern.ts";
import { constantText } from "./text.ts";

export class Matcher {
  readonly #g: Grammar;
  readonly #budget: Budget;
  readonly #known = new TextMap<Expr>();

  constructor(budget: Budget) {
    this.#budget = budget;
    this.#g = new Grammar(budget);
  }

  /**
   * Makes what `matches` needs of a pattern, with pauses; without it that is done at once.
   * Throws Unsupported and TooComplex.
   */
  *prepare(source: string): Work<Expr> {
    const found = this.#known.get(source) ?? (yield* this.#table(source));
    this.#known.set(source, found);
    return found;
  }

  /** Throws Unsupported and TooComplex. */
  matches(source: string, text: string): boolean {
    const found = atOnce(this.prepare(source));
    const bytes = new TextEncoder().encode(constantText(text).slice(1, -1));
    this.#budget.spend(1 + (bytes.length >> 3));
    if (found.kind !== "automaton") return found.kind === "empty" && bytes.length === 0;
    let { state } = found as { state: number };
    for (const byte of bytes) {
      state = found.automaton.after(state, byte);
      if (state < 0) return false;
    }
    return found.automaton.accepts[state] === 1;
  }

  *#table(source: string): Work<Expr> {
    return yield* intersect(this.#g, [yield* pattern(this.#g, source)]);
  }
}
