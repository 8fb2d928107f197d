/**
 * inSight: of what the model still sees, the passages that may be about the same as a line that it no longer sees.
 *
 * They are never what recall looks for. But where a line is quoted that has left the model's sight, and a newer one
 * that fits alike has not, the quote alone would say that the older one is what counts: "my boat is called the
 * Kittiwake", said long ago, against "she is the Petrel now".
 */
import { wordsOf } from "../storage/index-terms.ts";
import type { CodedQuestion } from "../storage/passage-senses.ts";
import type { Brought } from "./brought.ts";
import type { Candidate, Scored } from "./rank-passages.ts";
import { readSection } from "./read-section.ts";
import { hasMeaning, type Question } from "./recall-question.ts";
import { isOutOfSight, type Past, type Search } from "./visible-past.ts";

/** Newest first. */
const SECTIONS_MAX = 8;

/** `found`: the line that is quoted. `brought`: passages of this request. */
export function inSight(
  { store, base }: Search,
  past: Past,
  question: Question,
  found: Scored,
  brought: readonly Brought[],
  asked: CodedQuestion | undefined,
): Candidate[] {
  const words = wordsOf(found.answer).filter(({ text }) => hasMeaning(text));
  const stems = new Set([
    ...question.terms.flatMap(({ stem, relatives }) => [stem, ...relatives]),
    ...words.map(({ stem }) => stem),
  ]);
  const index = store?.tree.passages;
  const branch = index && base ? index.branch(base) : [];
  const seen = branch.flatMap(({ lane, from, to }) =>
    to < past.depth ? [] : [{ lane, from: Math.max(from, past.depth), to }],
  );
  const [postings = []] = seen.length > 0 ? index!.find(seen, [[[...stems]]], SECTIONS_MAX) : [];
  const told = brought.filter(
    (passage) => !isOutOfSight(passage, past) && [...stems].some((stem) => passage.terms.has(stem)),
  );
  const read = postings.flatMap((posting) => readSection(store!, posting, asked));
  return [...read.filter((passage) => !isOutOfSight(passage, past)), ...told];
}
