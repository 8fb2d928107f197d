/** charactersAhead: how many characters may come at a place of an automaton, whichever they are. */
import type { Automaton } from "../language/automaton.ts";
import type { Budget } from "../language/budget.ts";

/** Cells of the two tables that are read for one step. */
const CELLS = 16;
/** Where so many cells were read, the answer may be too small. */
const MOST_CELLS = 50_000;

/**
 * By automaton, one table of characters: bytes that none of the two tells apart, one of each
 * kind; and what was found, by state.
 */
interface Known {
  table: Int16Array;
  bytes: readonly number[];
  found: Map<number, number>;
}
const known = new WeakMap<Automaton, Known>();

/** At most `most`. `table` reads a character, as characterTable gives it. */
export function charactersAhead(automaton: Automaton, state: number, table: Int16Array, most: number, budget: Budget) {
  let about = known.get(automaton);
  if (about?.table !== table) {
    about = { table, bytes: kindsOfBytes(automaton, table), found: new Map() };
    budget.spend(table.length / CELLS);
    known.set(automaton, about);
  }
  const found = about.found.get(state) ?? search(automaton, state, about, most, budget);
  about.found.set(state, found);
  return found;
}

function kindsOfBytes(automaton: Automaton, table: Int16Array): number[] {
  const kinds = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) {
    const column = [automaton.classOf[byte]];
    for (let at = byte; at < table.length; at += 256) column.push(table[at]);
    const key = column.join();
    if (!kinds.has(key)) kinds.set(key, byte);
  }
  return [...kinds.values()].filter((byte) => table.some((next, at) => at % 256 === byte && next >= 0));
}

/** By how many characters a state is away from the first: one that was met before needs no second look. */
function search(automaton: Automaton, from: number, { table, bytes }: Known, most: number, budget: Budget): number {
  const met = new Set([from]);
  let nearest = [from];
  let cells = 0;
  for (let ahead = 0; ahead < most && nearest.length > 0; ahead++) {
    const next: number[] = [];
    for (const first of nearest) {
      // Within one character: states of the automaton and of the character.
      const open: [state: number, within: number][] = [[first, 0]];
      for (let i = 0; i < open.length; i++) {
        const [state, within] = open[i]!;
        budget.spend(bytes.length / CELLS);
        cells += bytes.length;
        if (cells > MOST_CELLS) return ahead;
        for (const byte of bytes) {
          const into = table[256 * within + byte]!;
          if (into < 0) continue;
          const to = automaton.after(state, byte);
          if (to < 0) return ahead;
          if (into > 0) {
            if (!open.some(([a, b]) => a === to && b === into)) open.push([to, into]);
          } else if (!met.has(to)) {
            met.add(to);
            next.push(to);
          }
        }
      }
    }
    nearest = next;
  }
  return most;
}
