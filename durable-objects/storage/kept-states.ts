/**
 * KeptStates: which states of a conversation tree are kept, which of them a new one lets go, and how far it is from a
 * turn to the nearest. A state is kept by the turn that it follows.
 */
import { protects } from "../platform/fault-points.ts";
import { limits } from "../platform/limits.ts";
import type { Heads } from "./heads.ts";
import type { Journal } from "./journal.ts";
import { released } from "./retention.ts";
import { isRebuild, rebuildOf, rowsOf, type StateBytes, type StatePieces, type StateSet } from "./state-pieces.ts";
import { movesOn, type StoredTurn } from "./stored-turn.ts";
import type { TurnTree } from "./turn-tree.ts";

/** What `recomputeTokens` reads once for many turns. */
export interface StatePlaces {
  /** By turn. */
  sets: ReadonlyMap<string, StateSet>;
  /** By turn: the position of the nearest state at or above it, as far as somebody has asked. */
  nearest: Map<string, number>;
}

/** Which pack the tree's states are of. */
interface Pack {
  readonly fingerprint: string | undefined;
  /** It is served no more: its states are as good as gone. */
  readonly isOrphaned: boolean;
}

export class KeptStates {
  readonly #tree: TurnTree;
  readonly #heads: Heads;
  readonly #journal: Journal;
  readonly #pieces: StatePieces;
  readonly #pack: Pack;

  constructor(tree: TurnTree, heads: Heads, journal: Journal, pieces: StatePieces, pack: Pack) {
    this.#tree = tree;
    this.#heads = heads;
    this.#journal = journal;
    this.#pieces = pieces;
    this.#pack = pack;
  }

  /**
   * States that must not be written over: of turns that keep theirs, of those that are running, and what
   * was rebuilt for whoever goes on.
   */
  kept(): StateSet[] {
    const running = new Set(this.#journal.running());
    return [...this.#pieces.sets().values()].filter(
      ({ turn, position }) => running.has(turn) || isRebuild(turn) || this.#tree.node(turn)?.position === position,
    );
  }

  /** The same, once this turn is there with its state, that of its checkpoint where none is given. */
  keptAfter(turn: StoredTurn, state?: StateBytes): StateSet[] {
    const { id, parent, request } = turn;
    const rebuilt = parent !== null && movesOn(turn) ? rebuildOf(parent) : undefined;
    const isLeft = (name: string) => name === id || name === rebuilt;
    const kept = this.kept().filter((set) => !isLeft(set.turn));
    if (!protects("retention")) return kept.filter(({ turn }) => turn === parent);
    const tips = this.#heads.tips(request.head);
    const holders = new Map(kept.map((set) => [set.turn, rowsOf(set)]));
    const free = new Set(
      released(this.#tree, parent, new Set(holders.keys()), tips, this.#affords(id, holders, state)),
    );
    return kept.filter(({ turn }) => !free.has(turn));
  }

  /**
   * Whether the states of some turns fit the budget together with a turn's own, rows that several have counted once.
   */
  #affords(turn: string, holders: ReadonlyMap<string, readonly number[]>, state: StateBytes | undefined) {
    const lengths = this.#pieces.lengths();
    const stretches = state?.stretches ?? [];
    const shared = stretches.flatMap((each) => ("row" in each ? [each.row] : []));
    const checkpoint = state ? undefined : this.#pieces.of(turn);
    const own = checkpoint ? rowsOf(checkpoint) : shared;
    const added = stretches.reduce((sum, each) => sum + ("row" in each ? 0 : each.bytes), state?.bytes.length ?? 0);
    return (turns: readonly string[]): boolean => {
      const rows = new Set([...own, ...turns.flatMap((id) => holders.get(id)!)]);
      return [...rows].reduce((sum, row) => sum + (lengths.get(row) ?? 0), added) <= limits.stateBudgetBytes;
    };
  }

  /**
   * States of a pack that are kept at or above a turn, nearest first. `rebuilt`: with as much as was rebuilt of them,
   * which is nearer than any above.
   */
  *from(turn: string | null, fingerprint: string, { rebuilt = false } = {}): Generator<StateSet> {
    if (this.#pack.fingerprint !== fingerprint) return;
    const sets = this.#pieces.sets();
    for (const { id, position } of this.#tree.path(turn)) {
      const set = sets.get(id);
      if (set?.position === position) yield set;
      const again = rebuilt ? sets.get(rebuildOf(id)) : undefined;
      if (again) yield again;
    }
  }

  places(): StatePlaces {
    return { sets: this.#pack.isOrphaned ? new Map() : this.#pieces.sets(), nearest: new Map() };
  }

  /**
   * Tokens to feed again before anything can follow this turn: 0 when its state is kept. Who asks about many turns of
   * one path passes the same `places`, since thousands of turns may follow the last one that has a state.
   */
  recomputeTokens(turn: string | null, { sets, nearest } = this.places()): number {
    if (turn === null) return 0;
    const passed: string[] = [];
    let found = 0;
    for (const { id, position } of this.#tree.path(turn)) {
      const own = sets.get(id)?.position === position ? position : sets.get(rebuildOf(id))?.position;
      const known = nearest.get(id) ?? own;
      if (known !== undefined) {
        found = known;
        break;
      }
      passed.push(id);
    }
    for (const id of passed) nearest.set(id, found);
    return (this.#tree.node(turn)?.position ?? 0) - found;
  }
}
