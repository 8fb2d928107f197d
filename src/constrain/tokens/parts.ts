/**
 * partsOf: an expression as alternatives of which each begins with a repetition, a table or a counted
 * text, and the others together.
 *
 * A token may come where one of the alternatives allows it, so masks can be found one by one, each in
 * the way that is fastest for it.
 */
import type { Expr, Grammar } from "../language/expr.ts";

type Kind<K extends Expr["kind"]> = Extract<Expr, { kind: K }>;

export type Counted = Kind<"counted">;

interface Head {
  first: Kind<"repeat"> | Kind<"automaton"> | Kind<"counted">;
  rest: Expr;
}

export function partsOf(grammar: Grammar, expr: Expr): { heads: Head[]; other: Expr } {
  // What begins alike goes on with any of what follows it.
  const rests = new Map<Head["first"], Expr[]>();
  const others: Expr[] = [];
  const part = (at: Expr, rest: Expr): void => {
    grammar.budget.spend(1);
    if (at.kind === "repeat" || at.kind === "automaton" || at.kind === "counted") {
      const known = rests.get(at);
      if (known) known.push(rest);
      else rests.set(at, [rest]);
    } else if (at.kind === "seq") part(at.first, grammar.seq(at.rest, rest));
    else if (at.kind === "alt" && at.of.some(hasHead)) {
      for (const member of at.of) {
        if (hasHead(member)) part(member, rest);
        else others.push(grammar.seq(member, rest));
      }
    } else others.push(grammar.seq(at, rest));
  };
  part(expr, grammar.empty);
  const heads = Array.from(rests, ([first, all]): Head => ({ first, rest: grammar.union(all) }));
  return { heads, other: grammar.union(others) };
}

function hasHead(expr: Expr): boolean {
  let at = expr;
  while (at.kind === "seq") at = at.first;
  if (at.kind === "alt") return at.of.some(hasHead);
  return at.kind === "repeat" || at.kind === "automaton" || at.kind === "counted";
}
