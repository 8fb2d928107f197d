/** barren: names of a grammar whose language is empty, so that whatever begins there can never end. */
import type { Work } from "../../core/work.ts";
import type { Budget } from "./budget.ts";
import type { Expr, Grammar } from "./expr.ts";

/** Of those whose names begin so: what belongs to another schema does not refer to them. */
export function* barren(grammar: Grammar, prefix: string): Work<string[]> {
  const definitions = new Map([...grammar.definitions()].filter(([name]) => name.startsWith(prefix)));
  const ending = new Set<string>();
  for (let before = -1; before < ending.size; ) {
    before = ending.size;
    const seen = new Map<number, boolean>();
    for (const [name, expr] of definitions) {
      if (ends(expr, ending, seen, grammar.budget)) ending.add(name);
      yield* grammar.budget.pause();
    }
  }
  return [...definitions.keys()].filter((name) => !ending.has(name));
}

/** Some string of the language is finite, as far as these names are known to have one. */
function ends(expr: Expr, ending: ReadonlySet<string>, seen: Map<number, boolean>, budget: Budget): boolean {
  const known = seen.get(expr.id);
  if (known !== undefined) return known;
  let at = expr;
  budget.spend(1);
  while (at.kind === "seq" && ends(at.first, ending, seen, budget)) {
    at = at.rest;
    budget.spend(1);
  }
  const found = at.kind !== "seq" && endsAlone(at, ending, seen, budget);
  seen.set(expr.id, found);
  return found;
}

function endsAlone(expr: Expr, ending: ReadonlySet<string>, seen: Map<number, boolean>, budget: Budget): boolean {
  if (expr.kind === "alt") return expr.of.some((member) => ends(member, ending, seen, budget));
  if (expr.kind === "repeat") return expr.min === 0 || ends(expr.of, ending, seen, budget);
  return expr.kind === "ref" ? ending.has(expr.name) : expr.kind !== "never";
}
