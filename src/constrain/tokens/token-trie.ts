/**
 * TokenTrie: the vocabulary as a tree of bytes, and the masks of what may follow in it.
 *
 * Tokens that show nothing (specials) are not in it.
 */

import type { Work } from "../../core/work.ts";
import type { TextCodec } from "../../tokenizer/text-codec.ts";
import { ANY, plain } from "../json/text.ts";
import type { Automaton } from "../language/automaton.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { ByteStrings } from "./byte-strings.ts";
import { CharacterRun } from "./character-run.ts";
import { characterKey, characterTable } from "./character-table.ts";
import { charactersAhead } from "./characters-ahead.ts";
import { FarMasks, isFarFromBounds, walkCounted } from "./counted-walk.ts";
import { cutTokens } from "./cut-tokens.ts";
import { type Counted, partsOf } from "./parts.ts";
import { LastingWalks, type TablePlace } from "./table-walk.ts";
import { TokenTree } from "./token-tree.ts";
import { walk } from "./tree-walk.ts";

/** Kinds of characters whose runs are kept; each takes about 10 bytes for a token of the vocabulary. */
const RUNS = 6;
/** Nodes of the vocabulary that are passed for one step. */
const TREE_NODES = 16;

export class TokenTrie {
  readonly vocab: number;
  readonly #tokens: TokenTree;
  readonly #walks: LastingWalks;
  readonly #far = new FarMasks();
  /** By what a character is; undefined where its runs cannot be found once for all. */
  readonly #runsByKey = new Map<string, CharacterRun | undefined>();
  /** The same by the expression of a grammar. */
  readonly #runs = new WeakMap<Expr, { run: CharacterRun | undefined }>();

  /** By grammar: any plain character. */
  readonly #any = new WeakMap<Grammar, Expr>();

  constructor(codec: TextCodec) {
    this.vocab = codec.vocab;
    const { bytes, starts } = codec.tokenBlock();
    this.#tokens = new TokenTree(new ByteStrings(bytes, starts));
    this.#walks = new LastingWalks(this.#tokens);
  }

  get memoryBytes(): number {
    return this.#tokens.memoryBytes;
  }

  /** Some token is this byte and nothing else. */
  hasByte(byte: number): boolean {
    const { tree, ids, none } = this.#tokens;
    for (let node = 0; node < tree.size; node = tree.ends[node]!) {
      if (tree.bytes[node] === byte) return ids[node] !== none;
    }
    return false;
  }

  /**
   * Bit id % 32 of word id >> 5: every byte of the token may follow. Throws TooComplex when the
   * grammar's budget of a mask is spent.
   */
  *allowed(grammar: Grammar, from: Expr): Work<Uint32Array<ArrayBuffer>> {
    grammar.beginReading();
    const mask = new Uint32Array((this.vocab + 31) >> 5);
    const { heads, other } = partsOf(grammar, from);
    const others = [other];
    for (const { first, rest } of heads) {
      if (first.kind === "counted") {
        yield* this.#addCounted(mask, grammar, first, rest);
        continue;
      }
      if (first.kind === "automaton") {
        yield* this.#addTable(mask, grammar, { ...first, rest });
        continue;
      }
      const run = yield* this.#runBefore(grammar, first.of, rest);
      if (run) yield* run.add(mask, grammar, { min: first.min, max: first.max, rest });
      else others.push(grammar.seq(first, rest));
    }
    const walked = grammar.union(others);
    if (walked.kind !== "never") {
      yield* walk(this.#tokens.tree, grammar, walked, (node) => this.#tokens.mark(mask, node));
    }
    return mask;
  }

  *#addTable(mask: Uint32Array, grammar: Grammar, place: TablePlace): Work<void> {
    const run = yield* this.#runOver(grammar, place);
    if (run) yield* run.addTable(mask, grammar, place);
    else yield* this.#walks.walk(grammar, place, mask);
  }

  *#addCounted(mask: Uint32Array, grammar: Grammar, first: Counted, rest: Expr): Work<void> {
    const { automaton } = first.text;
    if (!isFarFromBounds(first, this.#tokens)) {
      yield* walkCounted(this.#tokens, grammar, { first, rest }, mask);
      return;
    }
    const place = { automaton, state: first.state, rest };
    const find = () => this.#tableMask(grammar, place);
    const far = yield* this.#far.of(grammar, grammar.seq(grammar.automaton(automaton, first.state), rest), find);
    for (let word = 0; word < mask.length; word++) mask[word]! |= far[word]!;
  }

  *#tableMask(grammar: Grammar, place: TablePlace): Work<Uint32Array> {
    const mask = new Uint32Array((this.vocab + 31) >> 5);
    yield* this.#addTable(mask, grammar, place);
    return mask;
  }

  /**
   * The run of these characters, where `rest` begins with none of their bytes: then no token can be read in two ways.
   */
  *#runBefore(grammar: Grammar, of: Expr, rest: Expr): Work<CharacterRun | undefined> {
    const run = yield* this.#runOf(grammar, of);
    if (!run) return undefined;
    const [own, next] = [grammar.firsts(of), grammar.firsts(rest)];
    for (let byte = 0; byte < 256; byte++) if (own[byte] === 1 && next[byte] === 1) return undefined;
    return run;
  }

  /**
   * The run of all plain characters, where an automaton takes so many of them, whichever
   * they are, that no token has more.
   */
  *#runOver(grammar: Grammar, { automaton, state }: { automaton: Automaton; state: number }) {
    // In most places some character may not come, which is seen at a letter or two.
    for (let byte = 0x20; byte < 0x7f; byte++) {
      if (byte !== 0x22 && byte !== 0x5c && automaton.after(state, byte) < 0) return undefined;
    }
    const run = yield* this.#runOf(grammar, this.#anyOf(grammar));
    if (!run) return undefined;
    const { table, most } = run;
    return charactersAhead(automaton, state, table, most, grammar.budget) < most ? undefined : run;
  }

  #anyOf(grammar: Grammar): Expr {
    const known = this.#any.get(grammar) ?? plain(grammar, ANY);
    this.#any.set(grammar, known);
    return known;
  }

  *#runOf(grammar: Grammar, of: Expr): Work<CharacterRun | undefined> {
    const known = this.#runs.get(of);
    if (known) return known.run;
    const key = characterKey(grammar, of);
    if (key !== undefined && !this.#runsByKey.has(key)) {
      const run = yield* this.#findRun(grammar, of);
      if (this.#runsByKey.size >= RUNS) this.#runsByKey.delete(this.#runsByKey.keys().next().value!);
      this.#runsByKey.set(key, run);
    }
    const run = key === undefined ? undefined : this.#runsByKey.get(key);
    this.#runs.set(of, { run });
    return run;
  }

  *#findRun(grammar: Grammar, of: Expr): Work<CharacterRun | undefined> {
    const table = yield* characterTable(grammar, of);
    if (!table) return undefined;
    const cuts = yield* cutTokens(this.#tokens, this.vocab, table, grammar.budget);
    grammar.budget.spend(this.#tokens.tree.size / TREE_NODES);
    return new CharacterRun(table, cuts, this.#tokens);
  }
}
