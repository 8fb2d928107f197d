/**
 * CharacterRun: which tokens may come inside a run of characters, such as the text of a JSON string, found once for a vocabulary.
 *
 * Almost every token may come there, so a walk over the vocabulary for each place would be most of what masks cost. Instead every token
 * is cut once into characters of the run and what stands behind them: the first part depends on nothing but how many characters there may
 * be, and only the second is read by the grammar of what follows.
 */
import type { Work } from "../../core/work.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import type { Cuts } from "./cut-tokens.ts";
import { ItemTree } from "./item-tree.ts";
import type { TablePlace } from "./tree-walk.ts";
import { walk, walkTable } from "./tree-walk.ts";

export class CharacterRun {
  /** The most characters that a token begins. */
  readonly most: number;
  /** As characterTable gives it. */
  readonly table: Int16Array;
  /** (V / 32) Tokens that consist of characters, the last of them perhaps not whole. */
  readonly #inside: Uint32Array<ArrayBuffer>;
  /** The same, those with the most characters first; `#from[n]`: where those with n characters begin. */
  readonly #longestFirst: Uint32Array;
  readonly #from: Uint32Array;
  /** What stands behind the characters of tokens that leave the run: its items are places in `#leaving`. */
  readonly #suffixes: ItemTree;
  readonly #leaving: readonly { id: number; characters: number }[];
  /** By what follows the run: the items of `#suffixes` that it can begin with. */
  readonly #following = new WeakMap<Expr, readonly number[]>();
  /** All tokens that are not inside. */
  readonly #outside: ItemTree;

  /** `outside`: tokens for which nothing is started. */
  constructor(table: Int16Array, { started, leaving }: Cuts, outside: ItemTree) {
    this.table = table;
    // Plain loops: this is run once, over the whole vocabulary, and before an engine compiles anything.
    let most = 0;
    for (let id = 0; id < started.length; id++) if (started[id]! > most) most = started[id]!;
    this.most = most;
    this.#inside = new Uint32Array((started.length + 31) >> 5);
    const counts = new Uint32Array(most + 1);
    for (let id = 0; id < started.length; id++) counts[started[id]!]!++;
    this.#from = new Uint32Array(most + 1);
    for (let count = most; count > 0; count--) this.#from[count - 1] = this.#from[count]! + counts[count]!;
    this.#longestFirst = new Uint32Array(this.#from[0]!);
    const filled = this.#from.slice();
    const longestFirst = this.#longestFirst;
    const inside = this.#inside;
    for (let id = 0; id < started.length; id++) {
      const count = started[id]!;
      if (count === 0) continue;
      longestFirst[filled[count]!++] = id;
      inside[id >> 5]! |= 1 << (id & 31);
    }
    this.#suffixes = new ItemTree(leaving.map(({ suffix }, item) => ({ item, string: suffix })));
    this.#leaving = leaving.map(({ id, characters }) => ({ id, characters }));
    this.#outside = outside;
  }

  /** Adds the tokens that may come where `min` to `max` characters may come, and then `rest`, which begins with no such character. */
  *add(mask: Uint32Array, grammar: Grammar, { min, max, rest }: { min: number; max: number; rest: Expr }): Work<void> {
    this.#addInside(mask, max);
    const following = this.#following.get(rest) ?? (yield* this.#findFollowing(grammar, rest));
    for (const item of following) {
      const { id, characters } = this.#leaving[item]!;
      if (characters >= min && characters <= max) mask[id >> 5]! |= 1 << (id & 31);
    }
  }

  /** Adds the tokens that may come at a place of an automaton where at least `most` characters may come, whichever they are. */
  *addTable(mask: Uint32Array, grammar: Grammar, place: TablePlace): Work<void> {
    this.#addInside(mask, this.most);
    const add = (id: number) => {
      mask[id >> 5]! |= 1 << (id & 31);
    };
    yield* walkTable(this.#outside.tree, grammar, place, (node) => this.#outside.itemsAt(node, add));
  }

  #addInside(mask: Uint32Array, max: number): void {
    const inside = max >= this.most ? this.#inside : this.#inside.slice();
    // Most tokens are short, so it is less work to take out the long ones.
    const tooLong = max >= this.most ? 0 : this.#from[max]!;
    for (const id of this.#longestFirst.subarray(0, tooLong)) inside[id >> 5]! &= ~(1 << (id & 31));
    for (let word = 0; word < mask.length; word++) mask[word]! |= inside[word]!;
  }

  *#findFollowing(grammar: Grammar, rest: Expr): Work<readonly number[]> {
    const found: number[] = [];
    const add = (item: number) => void found.push(item);
    yield* walk(this.#suffixes.tree, grammar, rest, (node) => this.#suffixes.itemsAt(node, add));
    this.#following.set(rest, found);
    return found;
  }
}
