/**
 * Lasting: a language that many requests ask for, such as that of dates. Its automaton is made once, on no request's
 * budget, and every grammar has it as an expression.
 */
import type { Work } from "../../core/work.ts";
import { Automaton } from "./automaton.ts";
import { type Expr, Grammar } from "./expr.ts";
import { intersect } from "./intersect.ts";

export class Lasting {
  readonly #language: (g: Grammar) => Work<Expr>;
  #found: { automaton: Automaton; state: number } | undefined;

  /** `language`: without references, and not empty. */
  constructor(language: (g: Grammar) => Work<Expr>) {
    this.#language = language;
  }

  *in(grammar: Grammar): Work<Expr> {
    this.#found ??= yield* this.#make();
    return grammar.automaton(this.#found.automaton, this.#found.state);
  }

  *#make(): Work<{ automaton: Automaton; state: number }> {
    const own = new Grammar();
    const expr = (yield* intersect(own, [yield* this.#language(own)])) as Expr & { kind: "automaton" };
    const { accepts, classOf, next } = expr.automaton;
    return { automaton: new Automaton(accepts, classOf, next, true), state: expr.state };
  }
}
