/** barren: names of a grammar whose language is empty, so that whatever begins there can never end. */
import type { Expr, Grammar } from "./expr.ts";

export function barren(grammar: Grammar): string[] {
  const definitions = grammar.definitions();
  const ending = new Set<string>();
  for (let before = -1; before < ending.size; ) {
    before = ending.size;
    const seen = new Map<number, boolean>();
    for (const [name, expr] of definitions) if (ends(expr, ending, seen)) ending.add(name);
  }
  return [...definitions.keys()].filter((name) => !ending.has(name));
}

/** Some string of the language is finite, as far as these names are known to have one. */
function ends(expr: Expr, ending: ReadonlySet<string>, seen: Map<number, boolean>): boolean {
  const known = seen.get(expr.id);
  if (known !== undefined) return known;
  let at = expr;
  while (at.kind === "seq" && ends(at.first, ending, seen)) at = at.rest;
  const found = at.kind !== "seq" && endsAlone(at, ending, seen);
  seen.set(expr.id, found);
  return found;
}

function endsAlone(expr: Expr, ending: ReadonlySet<string>, seen: Map<number, boolean>): boolean {
  if (expr.kind === "alt") return expr.of.some((member) => ends(member, ending, seen));
  if (expr.kind === "repeat") return expr.min === 0 || ends(expr.of, ending, seen);
  return expr.kind === "ref" ? ending.has(expr.name) : expr.kind !== "never";
}
