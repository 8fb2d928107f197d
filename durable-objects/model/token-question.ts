/**
 * answerTokens: what the served model's tokenizer and template make of a text, of ids or of messages.
 * Nothing is computed with them.
 */
import type { ReplyShape } from "../../src/constrain/constraint.ts";
import { announce } from "../../src/constrain/reply/announce.ts";
import { check } from "../../src/core/failure.ts";
import { encodeAhead, textsOf } from "../../src/dialogue/encode-ahead.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { yieldToEvents } from "../../src/dialogue/round-robin.ts";
import type { Message } from "../../src/tokenizer/text-codec.ts";

/** Tokens that are looked up without a pause. */
const SLICE_TOKENS = 8192;

/** As the Worker asks, which has checked what callers said. */
export type TokenQuestion = TokenSource & {
  /** By the name it is served under; absent: the default one. */
  model?: string;
};

type TokenSource =
  /**
   * `control`: names of control tokens in the text are these. `opened`: with the token that texts begin
   * with, where the model has one.
   */
  | { of: "text"; text: string; control: boolean; opened: boolean }
  /** `answering`: up to where the reply begins. */
  | { of: "messages"; messages: Message[]; shape: ReplyShape; answering: boolean }
  | { of: "tokens"; ids: number[] };

export interface TokenAnswer {
  ids: number[];
  /** Each id's text, or its bytes where they are no text alone. */
  pieces: (string | number[])[];
  /** Of all ids together, control tokens by their names. */
  text: string;
  contextLength: number;
}

/** The token that a text begins with where no template says so. */
export const openingOf = ({ manifest }: Pick<Served, "manifest">): number[] => {
  const { bos } = manifest.generation;
  return manifest.tokenizerConfig?.add_bos_token === true && bos !== undefined ? [bos] : [];
};

/** Fails with `request_invalid` for an id that is no token's, and for messages that the template does not take. */
export async function answerTokens(served: Served, question: TokenQuestion): Promise<TokenAnswer> {
  const { codec, manifest } = served;
  const texts = question.of === "messages" ? textsOf(question.messages) : question.of === "text" ? [question.text] : [];
  const forget = await encodeAhead(codec, texts);
  let ids: number[];
  try {
    ids = idsOf(served, question);
  } finally {
    forget();
  }
  const bytes: Uint8Array[] = [];
  const pieces: TokenAnswer["pieces"] = [];
  /** What each id is spelled as, because a million tokens have only a few thousand different ids. */
  const spelled = new Map<number, { own: Uint8Array; shown: string | number[] }>();
  for (const id of ids) {
    let piece = spelled.get(id);
    if (!piece) {
      const own = codec.spelledBytes(id);
      piece = { own, shown: textOf(own) ?? [...own] };
      spelled.set(id, piece);
    }
    bytes.push(piece.own);
    pieces.push(piece.shown);
    if (bytes.length % SLICE_TOKENS === 0) await yieldToEvents();
  }
  return {
    ids,
    pieces,
    text: new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(joined(bytes)),
    contextLength: manifest.contextLength,
  };
}

function idsOf(served: Served, question: TokenQuestion): number[] {
  const { codec, prompt } = served;
  if (question.of === "messages") {
    const { messages, shape, answering } = question;
    return prompt.start(announce(messages, shape), answering);
  }
  if (question.of === "text") {
    const { text, control, opened } = question;
    return [...(opened ? openingOf(served) : []), ...(control ? codec.encodeTemplate(text) : codec.encodeText(text))];
  }
  const wrong = question.ids.findIndex((id) => id >= codec.vocab);
  const field = `tokens[${wrong}]`;
  check(wrong < 0, "request_invalid", () => `${field}: ${question.ids[wrong]} is not a token's id`, field);
  return question.ids;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
