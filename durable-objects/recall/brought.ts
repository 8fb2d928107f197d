/**
 * brought: what a request brings along before its question, as passages with their words.
 *
 * That may be its whole history, a megabyte of it, and a turn is planned in one piece. So long messages are cut ahead,
 * with pauses, and what was cut stays with the message; what nobody cut is cut when it is asked for.
 */
import { inSlices, type Work } from "../../src/core/work.ts";
import { yieldToEvents } from "../../src/dialogue/round-robin.ts";
import type { Message } from "../../src/tokenizer/text-codec.ts";
import { termsOf } from "../storage/index-terms.ts";
import { type Passage, passagesOf } from "../storage/passages.ts";
import { type Candidate, NEW_TURN, type Weights } from "./rank-passages.ts";
import type { Term } from "./recall-question.ts";

interface Cut {
  /** Its place is that in its message. */
  passage: Passage;
  terms: ReadonlySet<string>;
}

/** Characters of all messages together that need no pause, and between two. */
const SHORT = 32_768;
const SLICE_CHARS = 16_384;
/** Passages that are looked at closely; of an index as many are read. */
const READ_MAX = 256;

const cuts = new WeakMap<Message, readonly Cut[]>();

/** What is brought along: all before the last thing that the user says. */
export function beforeQuestion(messages: readonly Message[]): Message[] {
  const question = messages.findLastIndex(({ role }) => role === "user");
  return messages.slice(0, Math.max(0, question));
}

/** `brought`: called where it is long enough to matter. */
export async function cutAhead(said: readonly Message[], brought: () => readonly Message[]): Promise<void> {
  if (said.reduce((sum, { content }) => sum + content.length, 0) <= SHORT) return;
  await inSlices(cutAll(brought()), yieldToEvents);
}

function* cutAll(messages: readonly Message[]): Work<void> {
  let chars = 0;
  for (const message of messages) {
    if (cuts.has(message)) continue;
    const made: Cut[] = [];
    for (const cut of cutsOf(message)) {
      made.push(cut);
      chars += cut.passage.text.length;
      if (chars < SLICE_CHARS) continue;
      chars = 0;
      yield;
    }
    cuts.set(message, made);
  }
}

function* cutsOf(message: Message): Generator<Cut> {
  for (const passage of passagesOf({ messages: [message], reply: null }))
    yield { passage, terms: new Set(termsOf(passage.text)) };
}

/** A passage of the request, and the terms of its text. */
export interface Brought extends Candidate {
  terms: ReadonlySet<string>;
}

/** In order. `depth`: that of the turn that asks. */
export function broughtBy(messages: readonly Message[], depth: number): Brought[] {
  const length = messages.reduce((sum, { content }) => sum + content.length, 0);
  const passages: Brought[] = [];
  let before = 0;
  for (const message of messages) {
    for (const { passage, terms } of cuts.get(message) ?? cutsOf(message)) {
      const toEnd = passage.toEnd + length - before - message.content.length;
      const place = { start: before + passage.start, toEnd, turn: NEW_TURN, depth, order: passages.length };
      passages.push({ ...passage, ...place, terms });
    }
    before += message.content.length;
  }
  return passages;
}

/** Passages by their words. */
export class BroughtWords {
  readonly #passages: readonly Brought[];
  readonly #places = new Map<string, number[]>();

  readonly size: number;

  constructor(passages: readonly Brought[]) {
    this.#passages = passages;
    this.size = passages.length;
    for (const [place, { terms }] of passages.entries())
      for (const term of terms) {
        const places = this.#places.get(term);
        if (places) places.push(place);
        else this.#places.set(term, [place]);
      }
  }

  /** Of the passages that hold one of a word's forms. */
  places(forms: readonly string[]): ReadonlySet<number> {
    return new Set(forms.flatMap((form) => this.#places.get(form) ?? []));
  }

  /**
   * Those worth a closer look: the best by the question's words, of like ones the newest; and those of which it is
   * known how near they are in meaning (`near`).
   */
  worthReading(terms: readonly Term[], weights: readonly Weights[], near: ReadonlySet<Candidate>): Brought[] {
    if (this.#passages.length <= READ_MAX) return [...this.#passages];
    const worths = new Map<number, number>();
    for (const [i, { stem, relatives }] of terms.entries()) {
      const { own, relative } = weights[i]!;
      const has = this.places([stem]);
      for (const place of this.places([stem, ...relatives]))
        worths.set(place, (worths.get(place) ?? 0) + (has.has(place) ? own : relative));
    }
    const best = [...worths].sort((a, b) => b[1] - a[1] || b[0] - a[0]).slice(0, READ_MAX);
    const read = new Set(best.map(([place]) => place));
    return this.#passages.filter((passage, place) => read.has(place) || near.has(passage));
  }
}
