/**
 * createTextCodec: a TextCodec from Hugging Face's tokenizer.json.
 *
 * @huggingface/tokenizers finds added tokens, normalises and pre-tokenizes. Byte pairs are merged here, over typed
 * arrays: the library would hold every token and merge several times as strings.
 * A control token cannot come out of `encodeText`: its pipeline knows no such added token, and
 * the byte-pair step bars its id.
 */
import { Tokenizer } from "@huggingface/tokenizers";
import { check, Failure } from "../core/failure.ts";
import type { Work } from "../core/work.ts";
import { Bpe } from "./bpe.ts";
import { StreamingDetokenizer } from "./detokenizer.ts";
import { type ReadPreTokenizer, readPreTokenizer } from "./pre-tokenizer.ts";
import type { TextCodec, TokenBlock } from "./text-codec.ts";
import { tokenBlock } from "./token-block.ts";
import { type DecodeRules, readDecoder, tokenBytes } from "./token-bytes.ts";
import { type AddedToken, readTokenizerFile, type TokenizerFile, type TokenizerStep } from "./tokenizer-file.ts";
import { Vocabulary } from "./vocabulary.ts";

/** Characters that are split at once; about 10 ms. */
const WINDOW = 32_768;
/** At the end of a window so many are split again with what follows them. */
const MARGIN = 64;

/**
 * `tokenizerConfig`: tokenizer_config.json. Read of it: `bos_token`, `eos_token`, `chat_template`. Added tokens that
 * are not special but occur in the template (`<tool_call>`) steer the model too; without a template every added token
 * counts, except of white space. Failure `weights_invalid`.
 */
export function createTextCodec(tokenizerJson: unknown, tokenizerConfig: Record<string, unknown> = {}): TextCodec {
  return new HfCodec(readTokenizerFile(tokenizerJson), tokenizerConfig);
}

/** A class, so that nothing of the file stays: closures would keep it for as long as the codec lives. */
class HfCodec implements TextCodec {
  readonly vocab: number;
  readonly control: ReadonlySet<number>;
  /** Control tokens that are special, and show as nothing. */
  readonly #silent: ReadonlySet<number>;
  readonly #vocabulary: Vocabulary;
  readonly #rules: DecodeRules;
  readonly #text: Tokenizer;
  readonly #template: Tokenizer;
  /** As `#text`, but the ids are numbers below 0 of lists in `#pieces`. */
  readonly #cut: Tokenizer;
  readonly #pieces: string[][] = [];
  readonly #bpe: Bpe;
  /** The pieces of a text, joined, are the text, and where one ends the rest could begin. */
  readonly #canBeCut: boolean;
  readonly #ahead = new Map<string, { ids: number[]; holders: number }>();

  constructor(file: TokenizerFile, config: Record<string, unknown>) {
    const { control, silent } = steering(file, config);
    this.control = control;
    this.#silent = silent;
    this.#vocabulary = new Vocabulary(file.tokens);
    this.vocab = this.#vocabulary.size;
    this.#rules = readDecoder(file.decoder);
    const preTokenizer = orInvalid(() => readPreTokenizer(file.preTokenizer));
    const bpe = new Bpe(file, this.#vocabulary, control, preTokenizer.byteLevel);
    const harmless = file.added.filter(({ id }) => !control.has(id));
    this.#text = pipeline(harmless, file.normalizer, preTokenizer, encodedBy(bpe));
    this.#template = pipeline(file.added, file.normalizer, preTokenizer, encodedBy(bpe));
    this.#cut = pipeline(harmless, file.normalizer, preTokenizer, collectedIn(this.#pieces));
    this.#bpe = bpe;
    this.#canBeCut = harmless.length === 0 && file.normalizer === null && preTokenizer.onlySplits;
  }

  encodeText(text: string): number[] {
    return this.#ahead.get(text)?.ids ?? encode(this.#text, text);
  }

  *ahead(text: string): Work<void> {
    const known = this.#ahead.get(text);
    const ids = known?.ids ?? (yield* this.#encodeInSlices(text));
    // Somebody else may have been faster meanwhile.
    const holders = (this.#ahead.get(text)?.holders ?? 0) + 1;
    this.#ahead.set(text, { ids, holders });
  }

  forget(text: string): void {
    const known = this.#ahead.get(text);
    if (known && --known.holders === 0) this.#ahead.delete(text);
  }

  *#encodeInSlices(text: string): Work<number[]> {
    const whole = text.toWellFormed();
    const all: number[][] = [];
    let size = this.#canBeCut ? WINDOW : whole.length;
    for (let from = 0; from < whole.length; ) {
      const window = whole.slice(from, from + size);
      const found = encode(this.#cut, window);
      const lists = this.#pieces.splice(0);
      yield;
      let end = from + window.length;
      if (end < whole.length) {
        // How the last pieces end may depend on what follows: they are read again with it.
        const [pieces] = lists as [string[]];
        for (let again = 0; pieces.length > 0 && again < MARGIN; ) again += pieces.pop()!.length;
        end = from + pieces.reduce((length, piece) => length + piece.length, 0);
        size = end === from ? size * 2 : WINDOW;
        if (end === from) continue;
      }
      from = end;
      for (const id of found) all.push(id < 0 ? yield* this.#bpe.encodeInSlices(lists[-id - 1]!) : [id]);
    }
    return all.flat();
  }

  encodeTemplate(text: string): number[] {
    return encode(this.#template, text);
  }

  detokenizer(): StreamingDetokenizer {
    return new StreamingDetokenizer((id) => this.tokenBytes(id), this.#rules.leadingSpaces);
  }

  decode(ids: readonly number[]): string {
    const stream = this.detokenizer();
    return ids.map((id) => stream.push(id)).join("") + stream.flush();
  }

  tokenBytes(id: number): Uint8Array {
    return this.#silent.has(id) ? new Uint8Array(0) : this.spelledBytes(id);
  }

  tokenBlock(): TokenBlock {
    return tokenBlock(this.#vocabulary.block, this.#silent, this.#rules);
  }

  spelledBytes(id: number): Uint8Array {
    check(this.#vocabulary.has(id), "bug", () => `token: expected 0…${this.vocab - 1}, got ${id}`);
    return tokenBytes(this.#vocabulary.text(id), this.#rules);
  }
}

/** control: ids that text from outside never gets. silent: those of them that are special and show as nothing. */
function steering(file: TokenizerFile, config: Record<string, unknown>): { control: Set<number>; silent: Set<number> } {
  const silent = new Set(file.added.filter(({ special }) => special).map(({ id }) => id));
  for (const name of ["bos_token", "eos_token"]) {
    const token = tokenText(config[name]);
    const id =
      file.added.find(({ content }) => content === token)?.id ??
      (Object.hasOwn(file.vocab, token) ? file.vocab[token] : undefined);
    if (id !== undefined) silent.add(id);
  }
  const template = config.chat_template;
  const steers = ({ content }: AddedToken) =>
    content.trim() !== "" && (typeof template !== "string" || template.includes(content));
  return { control: new Set([...silent, ...file.added.filter(steers).map(({ id }) => id)]), silent };
}

/** A token of tokenizer_config.json is a string, or an object with its content. */
export function tokenText(value: unknown): string {
  const content = typeof value === "object" && value !== null ? (value as { content?: unknown }).content : value;
  return typeof content === "string" ? content : "";
}

// Made out here: a function made in the constructor would keep the whole file alive, 5 MB of names and merges.
const encodedBy = (bpe: Bpe) => (pieces: string[]) => bpe.encode(pieces);
const collectedIn = (lists: string[][]) => (pieces: string[]) => [-lists.push(pieces)];

function pipeline(
  added: readonly AddedToken[],
  normalizer: TokenizerStep | null,
  preTokenizer: ReadPreTokenizer,
  encodePieces: (pieces: string[]) => number[],
): Tokenizer {
  const noModel = { type: "BPE", vocab: {}, merges: [] };
  const parts = {
    added_tokens: added,
    normalizer,
    pre_tokenizer: null,
    model: noModel,
    post_processor: null,
    decoder: null,
  };
  const tokenizer = orInvalid(() => new Tokenizer(parts, {}));
  tokenizer.pre_tokenizer = preTokenizer.split as unknown as Tokenizer["pre_tokenizer"];
  // The library's model gives tokens, whose ids it looks up; ours gives the ids.
  const model = Object.assign(encodePieces, { tokens_to_ids: { get: (id: number) => id } });
  tokenizer.model = model as unknown as Tokenizer["model"];
  return tokenizer;
}

const encode = (tokenizer: Tokenizer, text: string): number[] =>
  tokenizer.encode(text.toWellFormed(), { add_special_tokens: false }).ids;

/** What the library throws at a broken file. */
function orInvalid<T>(build: () => T): T {
  try {
    return build();
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure("weights_invalid", `tokenizer: ${(cause as Error).message}`, { param: "tokenizer", cause });
  }
}
