/**
 * retention: which turns keep their state.
 *
 * Along every path the last 16 turns do, of those before them every 16th by depth, and of those more than 256 back every 256th. What a
 * turn's state was can be computed again from the token log and the nearest kept state above it.
 */
import type { TurnNode } from "./turn-tree.ts";

export const RECENT_TURNS = 16;
export const FAR_TURNS = RECENT_TURNS * RECENT_TURNS;

/** Of a path of `end` turns, whether the one at `depth` keeps its state. */
export function keeps(depth: number, end: number): boolean {
  const back = end - depth;
  if (back < RECENT_TURNS) return true;
  return depth % (back < FAR_TURNS ? RECENT_TURNS : FAR_TURNS) === 0;
}

interface Ancestry {
  path(from: string | null): Iterable<TurnNode>;
  node(id: string): TurnNode | undefined;
}

/**
 * Of the turns that hold a state, those that lose it once a turn stands under `parent`. A path grows by one turn, so only turns that
 * cross a bound on it can lose theirs, and only if no other path needs them. `tips`: where the other heads stand.
 */
export function released(
  ancestry: Ancestry,
  parent: string | null,
  holders: ReadonlySet<string>,
  tips: readonly string[],
): string[] {
  if (holders.size < RECENT_TURNS) return [];
  const upwards = new Set<string>();
  const leaving: TurnNode[] = [];
  let end = 0;
  for (const node of ancestry.path(parent)) {
    end ||= node.depth + 1;
    upwards.add(node.id);
    const back = end - node.depth;
    if ((back === RECENT_TURNS || back === FAR_TURNS) && !keeps(node.depth, end)) leaving.push(node);
    // The turn 256 back has a state to lose only when it was a 16th one.
    if (back === FAR_TURNS || (back === RECENT_TURNS && end % RECENT_TURNS !== 0)) break;
  }
  const ends = [...tips, ...[...holders].filter((id) => !upwards.has(id))];
  return leaving.filter((turn) => holders.has(turn.id) && !isNeeded(ancestry, turn, ends)).map(({ id }) => id);
}

function isNeeded(ancestry: Ancestry, turn: TurnNode, ends: readonly string[]): boolean {
  return ends.some((id) => {
    const end = ancestry.node(id)?.depth ?? 0;
    if (end < turn.depth || !keeps(turn.depth, end)) return false;
    for (const node of ancestry.path(id)) if (node.depth <= turn.depth) return node.id === turn.id;
    return false;
  });
}
