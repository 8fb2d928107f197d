/**
 * CharacterRun: which tokens may come inside a run of characters, such as the text of a JSON
 * string, found once for a vocabulary.
 *
 * Almost every token may come there, so a walk over the vocabulary for each place would be most of what masks cost.
 * Instead every token is cut once into characters of the run and what stands behind them: the first part depends on
 * nothing but how many characters there may be, and only the second is read by the grammar of what follows.
 */
import { type Numbers, numbersBelow } from "../../core/numbers.ts";
import type { Work } from "../../core/work.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import type { Cuts } from "./cut-tokens.ts";
import { ItemTree } from "./item-tree.ts";
import { type TablePlace, walkTable } from "./table-walk.ts";
import type { TokenTree } from "./token-tree.ts";
import { walk } from "./tree-walk.ts";

export class CharacterRun {
  /** The most characters that a token begins. */
  readonly most: number;
  /** As characterTable gives it. */
  readonly table: Int16Array;
  /** (V / 32) Tokens that consist of characters, the last of them perhaps not whole. */
  readonly #inside: Uint32Array<ArrayBuffer>;
  /** The same, those with the most characters first; `#from[n]`: where those with n characters begin. */
  readonly #longestFirst: Numbers;
  readonly #from: Uint32Array;
  /**
   * What stands behind the characters of tokens that leave the run: its items are places
   * in `#leaving` and `#characters`.
   */
  readonly #suffixes: ItemTree;
  readonly #leaving: Uint32Array;
  readonly #characters: Uint16Array;
  /** By what follows the run: the items of `#suffixes` that it can begin with. */
  readonly #following = new WeakMap<Expr, readonly number[]>();
  /** All tokens; and those that are not inside, once somebody asked. */
  readonly #tokens: TokenTree;
  #outside: TokenTree | undefined;

  constructor(table: Int16Array, { started, leaving }: Cuts, tokens: TokenTree) {
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
    this.#longestFirst = numbersBelow(started.length, this.#from[0]!);
    const filled = this.#from.slice();
    const longestFirst = this.#longestFirst;
    const inside = this.#inside;
    for (let id = 0; id < started.length; id++) {
      const count = started[id]!;
      if (count === 0) continue;
      longestFirst[filled[count]!++] = id;
      inside[id >> 5]! |= 1 << (id & 31);
    }
    this.#suffixes = new ItemTree(leaving.suffixes);
    this.#leaving = Uint32Array.from(leaving.ids);
    this.#characters = Uint16Array.from(leaving.characters);
    this.#tokens = tokens;
  }

  /**
   * Adds the tokens that may come where `min` to `max` characters may come, and then `rest`, which
   * begins with no such character.
   */
  *add(mask: Uint32Array, grammar: Grammar, { min, max, rest }: { min: number; max: number; rest: Expr }): Work<void> {
    this.#addInside(mask, max);
    const following = this.#following.get(rest) ?? (yield* this.#findFollowing(grammar, rest));
    for (const item of following) {
      const [id, characters] = [this.#leaving[item]!, this.#characters[item]!];
      if (characters >= min && characters <= max) mask[id >> 5]! |= 1 << (id & 31);
    }
  }

  /**
   * Adds the tokens that may come at a place of an automaton where at least `most`
   * characters may come, whichever they are.
   */
  *addTable(mask: Uint32Array, grammar: Grammar, place: TablePlace): Work<void> {
    this.#addInside(mask, this.most);
    if (!this.#outside) {
      this.#outside = this.#tokens.without(this.#inside);
      grammar.budget.spend(this.#outside.tree.size);
    }
    yield* walkTable(this.#outside, grammar, place, mask);
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
