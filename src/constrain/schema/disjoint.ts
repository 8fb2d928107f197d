/** isDisjoint: whether types or constants show that no value satisfies both of two flat schemas. False may also mean: not seen. */
import type { Budget } from "../language/budget.ts";
import { type Flat, isSame, type Placed, type TypeName } from "./keywords.ts";

type Flatten = (placed: Placed) => Flat[];

const MAX_DEPTH = 3;

export function isDisjoint(a: Flat, b: Flat, flatten: Flatten, budget: Budget, depth = 0): boolean {
  budget.spend(4);
  if (a.values && b.values) return !a.values.some((value) => b.values!.some((other) => isSame(value, other, budget)));
  const [typesA, typesB] = [typesOf(a), typesOf(b)];
  if (typesA && typesB && ![...typesA].some((type) => typesB.has(type))) return true;
  const onlyObjects = [typesA, typesB].some((types) => types?.size === 1 && types.has("object"));
  if (!onlyObjects || depth >= MAX_DEPTH) return false;
  // Objects that both must have a property, which is disjoint.
  for (const name of a.required ?? []) {
    const [inA, inB] = [a.properties?.get(name), b.properties?.get(name)];
    if (b.required?.has(name) && inA && inB && arePlacesDisjoint(inA, inB, flatten, budget, depth)) return true;
  }
  return false;
}

function arePlacesDisjoint(a: Placed, b: Placed, flatten: Flatten, budget: Budget, depth: number): boolean {
  const others = flatten(b);
  return flatten(a).every((x) => others.every((y) => isDisjoint(x, y, flatten, budget, depth + 1)));
}

/** With integers counted as numbers. */
function typesOf({ types, values }: Flat): ReadonlySet<TypeName> | undefined {
  if (values) {
    return new Set(
      values.map(
        (value): TypeName => (value === null ? "null" : Array.isArray(value) ? "array" : (typeof value as TypeName)),
      ),
    );
  }
  return types && new Set([...types].map((type) => (type === "integer" ? "number" : type)));
}
