/**
 * ConversationTree: a conversation and its forks as a tree of turns: the path to a turn, its
 * siblings, and the turn to show first.
 */
import type { Turn } from "./turns.ts";

export class ConversationTree {
  /** Oldest first. */
  readonly turns: readonly Turn[];
  readonly #byId: ReadonlyMap<string, Turn>;

  constructor(turns: readonly Turn[]) {
    this.turns = turns;
    this.#byId = new Map(turns.map((turn) => [turn.id, turn]));
  }

  get(id: string | null): Turn | undefined {
    return id === null ? undefined : this.#byId.get(id);
  }

  /** From the first turn to `leaf`. */
  path(leaf: string | null): Turn[] {
    const path: Turn[] = [];
    for (let turn = this.get(leaf); turn && path.length <= this.turns.length; turn = this.get(turn.parent))
      path.unshift(turn);
    return path;
  }

  children(parent: string | null): Turn[] {
    // A turn whose parent was hidden begins a tree of its own.
    const under = (turn: Turn) => (this.get(turn.parent) ? turn.parent : null);
    return this.turns.filter((turn) => under(turn) === parent);
  }

  /** The turns that share this one's past, itself among them. */
  siblings(turn: Turn): Turn[] {
    return this.children(this.get(turn.parent) ? turn.parent : null);
  }

  /** Down from a turn along its newest children. */
  newestLeaf(from: string | null): string | null {
    let leaf = from;
    // As many steps as there are turns, so that turns which name each other as parents cannot hold it.
    for (const _ of this.turns) leaf = this.children(leaf).at(-1)?.id ?? leaf;
    return leaf;
  }

  /** The turn that was written last. */
  get newest(): string | null {
    return this.turns.at(-1)?.id ?? null;
  }

  with(turn: Turn): ConversationTree {
    const turns = this.get(turn.id)
      ? this.turns.map((other) => (other.id === turn.id ? turn : other))
      : [...this.turns, turn];
    return new ConversationTree(turns);
  }

  without(id: string): ConversationTree {
    return new ConversationTree(this.turns.filter((turn) => turn.id !== id));
  }
}

/** `ada~x1y2z3w4` → `ada`: forks carry the name of the conversation they came from. */
export const rootOf = (conversation: string): string => conversation.replace(/~[0-9a-z]{8}$/, "");
