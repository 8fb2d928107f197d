/**
 * Sense: how near a sentence is in meaning to what is asked, whatever words and language either uses.
 *
 * What the user says is held as codes in the conversation's index, and the question is compared with those. What a
 * request brings along is encoded when it is needed, as far as a bound on sentences goes.
 */

import { DIRECTIONS_VERSION } from "../../src/sentences/encoder-file.ts";
import { CODE_BYTES, codeOf, nearnessTo } from "../../src/sentences/sentence-code.ts";
import type { SentenceEncoder } from "../../src/sentences/sentence-encoder.ts";
import type { CodedQuestion, SentenceCoder } from "../storage/passage-senses.ts";
import { isQuestion, sentencesOf } from "../storage/passages.ts";
import { statementOf } from "./statement.ts";

interface Meant extends CodedQuestion {
  /**
   * How much what is asked sounds like a question about the asker's own life (above 0) or about the world (below 0).
   */
  ownness: number;
}

export interface Senses extends SentenceCoder {
  /** Undefined where there is no encoder, or where nothing is asked. */
  asked(question: string): Meant | undefined;
}

/**
 * The cosine with where answers are is 0.33 to 0.55 for a right one and 0.24 for the sixteenth nearest: so many times
 * that is as wide as words weigh.
 */
const NEARER = 1.3;
/** Of what is asked, the questions at its end; where there are none, its last sentences. */
const ASKED_MAX = 2;
/** Directions that wait for their code. */
const UNCODED_MAX = 16;

/** `encoder`: called when one is first needed; undefined where there is none. */
export function sensesBy(encoder: () => SentenceEncoder | undefined): Senses {
  const coding = { version: DIRECTIONS_VERSION, bytes: CODE_BYTES };
  /** Of what was asked. Who says one sentence is answered by what it is near to, and it is coded when the turn ends. */
  const uncoded = new Map<string, Float32Array>();
  return {
    ...coding,
    codeOf(sentence) {
      const direction = uncoded.get(sentence) ?? encoder()?.encode(sentence);
      uncoded.delete(sentence);
      return direction && codeOf(direction);
    },
    asked(question) {
      const sentences = [...sentencesOf(question)].map(({ text }) => text);
      const questions = sentences.filter(isQuestion);
      const asked = (questions.length > 0 ? questions : sentences).slice(-ASKED_MAX).join(" ");
      const read = asked === "" ? undefined : encoder();
      if (!read) return undefined;
      const direction = read.encode(asked);
      uncoded.delete(asked);
      uncoded.set(asked, direction);
      if (uncoded.size > UNCODED_MAX) uncoded.delete(uncoded.keys().next().value!);
      const statement = statementOf(asked);
      const towards = read.towardsAnswers(statement === asked ? direction : between(direction, read.encode(statement)));
      const nearness = nearnessTo(towards.map((number) => NEARER * number));
      return { ...coding, nearness, ownness: read.ownness(direction) };
    },
  };
}

/** Halfway, and as long as the two have in common: how near anything is to it is the mean of how near it is to each. */
const between = (a: Float32Array, b: Float32Array): Float32Array => a.map((number, d) => (number + b[d]!) / 2);
