/**
 * literals: one of many texts, as a tree of their bytes: what several begin with is there once. Reading a byte then
 * costs what stands at that place, and not a step for every text.
 */
import type { Work } from "../../core/work.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { constantText, oneSpace } from "./text.ts";

/** Any of `texts`, which may have doubles. */
export function* literals(g: Grammar, texts: readonly string[]): Work<Expr> {
  const encoder = new TextEncoder();
  const lists: Uint8Array[] = [];
  for (const text of texts) {
    g.budget.spend(1 + (text.length >> 3));
    lists.push(encoder.encode(text));
    yield* g.budget.pause();
  }
  // Sorting looks at each a few times.
  g.budget.spend(4 * lists.length);
  lists.sort(compare);
  yield* g.budget.pause();
  return lists.length === 0 ? g.never : yield* tree(g, lists, 0, lists.length, 0);
}

/**
 * Lists and objects up to so many may be written with a space after commas and colons; more are a tree, which has none.
 */
const SPACED = 64;

/** Any of these values, as JSON. */
export function* constants(g: Grammar, values: readonly unknown[]): Work<Expr> {
  const composed = values.filter((value) => typeof value === "object" && value !== null);
  const isSpaced = composed.length <= SPACED;
  const plain = isSpaced ? values.filter((value) => typeof value !== "object" || value === null) : values;
  const exprs = [yield* literals(g, plain.map(constantText))];
  if (isSpaced) {
    for (const value of composed) {
      exprs.push(spaced(g, value));
      yield* g.budget.pause();
    }
  }
  return g.union(exprs);
}

function spaced(g: Grammar, value: unknown): Expr {
  if (typeof value !== "object" || value === null) return g.literal(constantText(value));
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((item) => spaced(g, item))
    : Object.entries(value).map(([name, inner]) =>
        g.seq(g.literal(`${constantText(name)}:`), oneSpace(g), spaced(g, inner)),
      );
  const comma = g.seq(g.literal(","), oneSpace(g));
  const [open, close] = isList ? "[]" : "{}";
  const listed = parts.flatMap((part, i) => (i === 0 ? [part] : [comma, part]));
  return g.sequence([g.literal(open!), ...listed, g.literal(close!)]);
}

/** Of the sorted `lists` in [from, to), which agree on what stands before `at`: what follows there. */
function* tree(g: Grammar, lists: readonly Uint8Array[], from: number, to: number, at: number): Work<Expr> {
  const [first, last] = [lists[from]!, lists[to - 1]!];
  let shared = at;
  while (shared < first.length && shared < last.length && first[shared] === last[shared]) shared++;
  const branches: Expr[] = [];
  let next = from;
  // The shortest come first: nothing follows them.
  while (next < to && lists[next]!.length === shared) next++;
  if (next > from) branches.push(g.empty);
  while (next < to) {
    const begin = next;
    while (next < to && lists[next]![shared] === lists[begin]![shared]) next++;
    branches.push(yield* tree(g, lists, begin, next, shared));
  }
  yield* g.budget.pause();
  const common = Array.from(first.subarray(at, shared), (byte) => g.range(byte, byte));
  return g.sequence([...common, g.union(branches)]);
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
