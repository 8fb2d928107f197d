/** What one character of a run is: as a key that grammars share, and as a table that reads it byte by byte. */
import type { Work } from "../../core/work.ts";
import type { ByteSet } from "../language/automaton.ts";
import type { Expr, Grammar } from "../language/expr.ts";

/** Fewer bytes that a character may begin with: then few tokens fit, and a walk is short. */
const LEAST_FIRSTS = 32;
/** Expressions that one character may consist of: the letters of all scripts are about a thousand. */
const MOST_PARTS = 4000;
const MOST_STATES = 256;

/**
 * What one character is, in words that are the same for every grammar; undefined where it
 * is no character, or one of few.
 */
export function characterKey(grammar: Grammar, expr: Expr): string | undefined {
  if (grammar.firsts(expr).reduce((sum, is) => sum + is, 0) < LEAST_FIRSTS) return undefined;
  const parts: string[] = [];
  const write = (part: Expr): boolean => {
    grammar.budget.spend(1);
    if (parts.length > MOST_PARTS) return false;
    if (part.kind === "bytes") {
      parts.push(spelled(part.set));
      return true;
    }
    if (part.kind !== "seq" && part.kind !== "alt") return false;
    parts.push(part.kind === "seq" ? "(" : "[");
    const isWritten = part.kind === "seq" ? write(part.first) && write(part.rest) : part.of.every(write);
    parts.push(")");
    return isWritten;
  };
  return write(expr) ? parts.join(" ") : undefined;
}

const spellings = new WeakMap<ByteSet, string>();

function spelled(set: ByteSet): string {
  const known = spellings.get(set);
  if (known !== undefined) return known;
  const ranges: number[] = [];
  for (let byte = 0; byte < 256; byte++) if (set[byte] !== (byte > 0 ? set[byte - 1] : 0)) ranges.push(byte);
  const found = ranges.join();
  spellings.set(set, found);
  return found;
}

/**
 * (states, 256) The next state, or -1. State 0 is between two characters. Undefined where what is a whole character may
 * also be the beginning of a longer one.
 */
export function* characterTable(grammar: Grammar, of: Expr): Work<Int16Array | undefined> {
  const states = [of];
  const numbers = new Map<Expr, number>([
    [of, 0],
    [grammar.empty, 0],
  ]);
  const rows: Int16Array[] = [];
  for (let at = 0; at < states.length; at++) {
    const firsts = grammar.firsts(states[at]!);
    const row = new Int16Array(256).fill(-1);
    for (let byte = 0; byte < 256; byte++) {
      if (firsts[byte] === 0) continue;
      grammar.budget.spend(1);
      const next = grammar.after(states[at]!, byte);
      const known = numbers.get(next);
      row[byte] = known ?? states.length;
      if (known !== undefined) continue;
      if (next.nullable || states.length === MOST_STATES) return undefined;
      numbers.set(next, states.length);
      states.push(next);
    }
    rows.push(row);
    yield* grammar.budget.pause();
  }
  const table = new Int16Array(256 * rows.length);
  rows.forEach((row, state) => void table.set(row, 256 * state));
  return table;
}
