/**
 * ComparedTurns: the turns of a tree, as one request compares them with the history that it tells. Each is read once, and only what says
 * whether the history holds it is remembered: where nothing fits, all are looked at several times, and there may be thousands.
 */
import type { StoredTurn, TurnNode, TurnTree } from "../storage/turn-tree.ts";

export interface ComparedTurn extends Pick<StoredTurn, "asked" | "history" | "messageCount"> {
  isAnswered: boolean;
}

export class ComparedTurns {
  readonly tree: TurnTree;
  readonly tip: StoredTurn;
  readonly #known = new Map<string, ComparedTurn>();
  readonly #path: TurnNode[] = [];
  readonly #up: Iterator<TurnNode>;

  constructor(tree: TurnTree, tip: StoredTurn) {
    this.tree = tree;
    this.tip = tip;
    this.#up = tree.path(tip.id);
  }

  /** From the tip up to the beginning. */
  *path(): Generator<TurnNode> {
    for (let i = 0; ; i++) {
      if (i === this.#path.length) {
        const { value, done } = this.#up.next();
        if (done) return;
        this.#path.push(value);
      }
      yield this.#path[i]!;
    }
  }

  of(id: string): ComparedTurn {
    const known = this.#known.get(id);
    if (known) return known;
    const { asked, history, messageCount, reply } = this.tree.turn(id)!;
    const found = { asked, history, messageCount, isAnswered: reply !== null };
    this.#known.set(id, found);
    return found;
  }
}
