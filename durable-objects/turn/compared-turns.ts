/**
 * ComparedTurns: the turns of a tree, as one request compares them with the history that it tells. Each is read
 * once, and only what says whether the history holds it is remembered: where nothing fits, all are looked at several
 * times, and there may be thousands.
 */
import type { StoredTurn } from "../storage/stored-turn.ts";
import type { TurnTree } from "../storage/turn-tree.ts";

export interface ComparedTurn extends Pick<StoredTurn, "parent" | "asked" | "history" | "messageCount"> {
  isAnswered: boolean;
}

const compared = ({ parent, asked, history, messageCount, reply }: StoredTurn): ComparedTurn => ({
  parent,
  asked,
  history,
  messageCount,
  isAnswered: reply !== null,
});

export class ComparedTurns {
  readonly tree: TurnTree;
  readonly tip: StoredTurn;
  readonly #known: Map<string, ComparedTurn>;

  constructor(tree: TurnTree, tip: StoredTurn) {
    this.tree = tree;
    this.tip = tip;
    this.#known = new Map([[tip.id, compared(tip)]]);
  }

  /** Ids from the tip up to the beginning. */
  *path(): Generator<string> {
    for (let id: string | null = this.tip.id; id !== null; id = this.of(id).parent) yield id;
  }

  /** Fails with `state_unreadable` where the tree lacks it. */
  of(id: string): ComparedTurn {
    const known = this.#known.get(id);
    if (known) return known;
    const found = compared(this.tree.require(id));
    this.#known.set(id, found);
    return found;
  }
}
