/** TokenConstraint: a grammar of bytes, held to token by token. */
import { check, Failure } from "../../core/failure.ts";
import { atOnce, type Work } from "../../core/work.ts";
import type { TextCodec } from "../../tokenizer/text-codec.ts";
import type { Constraint, HeldSchema } from "../constraint.ts";
import { TooComplex } from "../language/budget.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import type { ReplyLanguage } from "../reply/reply-grammar.ts";
import type { TokenTrie } from "./token-trie.ts";

/** Masks kept for places that come again, such as the inside of a string. */
const MASKS = 32;

export class TokenConstraint implements Constraint {
  readonly schemas: readonly HeldSchema[];
  readonly #grammar: Grammar;
  readonly #codec: TextCodec;
  readonly #trie: TokenTrie;
  readonly #eos: ReadonlySet<number>;
  readonly #masks = new Map<Expr, Uint32Array>();
  #at: Expr;
  #ended = false;

  constructor(
    grammar: Grammar,
    { expr, schemas }: ReplyLanguage,
    codec: TextCodec,
    trie: TokenTrie,
    eosIds: readonly number[],
  ) {
    this.#grammar = grammar;
    this.#codec = codec;
    this.#trie = trie;
    this.#eos = new Set(eosIds);
    this.#at = expr;
    this.schemas = schemas;
  }

  get done(): boolean {
    return this.#ended || this.#at.kind === "empty";
  }

  mask(): Uint32Array {
    return this.#masks.get(this.#at) ?? atOnce(this.prepare());
  }

  *prepare(): Work<Uint32Array> {
    const known = this.#masks.get(this.#at);
    if (known) return known;
    if (this.#grammar.trim()) this.#masks.clear();
    const mask = yield* this.#allowed();
    if (this.#at.nullable) for (const id of this.#eos) mask[id >> 5]! |= 1 << (id & 31);
    if (this.#masks.size >= MASKS) this.#masks.delete(this.#masks.keys().next().value!);
    this.#masks.set(this.#at, mask);
    return mask;
  }

  *#allowed(): Work<Uint32Array<ArrayBuffer>> {
    try {
      return yield* this.#trie.allowed(this.#grammar, this.#at);
    } catch (thrown) {
      if (!(thrown instanceof TooComplex)) throw thrown;
      const param = this.schemas[0]?.path ?? null;
      const message = `${param ?? "the form of the reply"}: takes too long to hold a reply to; ask for fewer alternatives in one place`;
      throw new Failure("schema_too_complex", message, { param, cause: thrown });
    }
  }

  accept(id: number): void {
    const isEnd = this.#eos.has(id);
    let at = this.#at;
    this.#grammar.beginReading();
    if (!isEnd) for (const byte of this.#codec.tokenBytes(id)) at = this.#grammar.after(at, byte);
    const fits = !this.#ended && (isEnd ? at.nullable : at.kind !== "never" && at !== this.#at);
    // A token may lead back to the same place, but never one without bytes.
    const stays = at === this.#at && !isEnd && this.#codec.tokenBytes(id).length > 0;
    check(fits || (stays && !this.#ended), "bug", () => `token ${id} is not allowed here`);
    this.#at = at;
    this.#ended = isEnd;
  }
}
