/**
 * retention: which turns keep their state.
 *
 * Along every path the states kept lie ever further apart: of the turns 0, 1 and 2 back, then one of those 3–4, 5–8,
 * 9–16, … back, as many as fit the budget of bytes. What another turn's state was can be computed again from the token
 * log and the nearest kept state above it.
 */
import type { TurnNode } from "./stored-turn.ts";

/** States of one path at most, whatever their bytes: the last lies up to 256 turns back. */
const MOST_STATES = 10;

/**
 * Of a path of `end` turns that keeps `states`, whether the one at `depth` is among them.
 *
 * Of the turns 2^k + 1 to 2^(k+1) back exactly one has a depth divisible by 2^k, and it was kept before it came so far.
 */
function keeps(depth: number, end: number, states: number): boolean {
  const back = end - depth;
  if (back === 0) return true;
  const doublings = 32 - Math.clz32(back - 1);
  return doublings + 1 < states && depth % 2 ** Math.max(0, doublings - 1) === 0;
}

interface Ancestry {
  path(from: string | null): Iterable<TurnNode>;
  node(id: string): TurnNode | undefined;
}

/**
 * Of the turns that hold a state, those that lose it once a turn stands under `parent`: those above it that its path
 * does not keep, if no other path needs them. `tips`: where the other heads stand. A path keeps as many states as it
 * `affords`, the new turn's always.
 */
export function released(
  ancestry: Ancestry,
  parent: string | null,
  holders: ReadonlySet<string>,
  tips: readonly string[],
  affords: (turns: readonly string[]) => boolean,
): string[] {
  const depths = [...holders].map((id) => ancestry.node(id)?.depth ?? Infinity);
  const highest = Math.min(...depths);
  const above: TurnNode[] = [];
  for (const node of ancestry.path(parent)) {
    if (node.depth < highest) break;
    above.push(node);
  }
  const end = (above[0]?.depth ?? 0) + 1;
  const own = above.filter(({ id }) => holders.has(id));
  const keeping = (states: number) => own.filter(({ depth }) => keeps(depth, end, states)).map(({ id }) => id);
  let states = MOST_STATES;
  while (states > 1 && !affords(keeping(states))) states--;
  const upwards = new Set(above.map(({ id }) => id));
  const ends = [...tips, ...[...holders].filter((id) => !upwards.has(id))];
  const leaving = own.filter(({ depth }) => !keeps(depth, end, states));
  return leaving.filter((turn) => !isNeeded(ancestry, turn, ends, states)).map(({ id }) => id);
}

function isNeeded(ancestry: Ancestry, turn: TurnNode, ends: readonly string[], states: number): boolean {
  // Of turns that do not follow this one: many paths share most of their way up.
  const elsewhere = new Set<string>();
  return ends.some((id) => {
    const end = ancestry.node(id)?.depth ?? 0;
    if (end < turn.depth || !keeps(turn.depth, end, states)) return false;
    for (const node of ancestry.path(id)) {
      if (node.id === turn.id) return true;
      if (node.depth <= turn.depth || elsewhere.has(node.id)) return false;
      elsewhere.add(node.id);
    }
    return false;
  });
}
