/**
 * acquaintances: whom the user has told of by name, as in "My brother Lars is 34."
 *
 * Who asks where his brother lives also asks where Lars lives, for another line may say it of Lars; and a question
 * about Lars is one about the asker's own life, though it does not say "my". What is known of names is read from the
 * lines that a question has found, so it costs a second look only where one of them names somebody who is asked about.
 */
import { folded, stem } from "../storage/index-terms.ts";
import type { Passage } from "../storage/passages.ts";
import { isFunctionWord } from "./lexicon.ts";

/** What somebody or something is to the user, by its stem, and how it is called. */
interface Acquaintance {
  /** Empty where that is not said with the name. */
  role: string;
  called: string;
}

const MINE = String.raw`(?:[Mm]y|[Oo]ur|[Mm]ein\p{Ll}{0,2}|[Uu]nser\p{Ll}{0,2})`;
const TITLE = String.raw`(?:(?:Mrs|Mr|Ms|Dr|Herr|Frau)\.? )?`;
const NAMED = String.raw`(?:,|['\u2019]s name is| is called| is named| called| named| heißt| namens)?`;
/** "my late brother Lars", "our dog is called Rex", "my boss, Mrs Okafor", "meine Schwester Ines". */
const ROLE_FIRST = new RegExp(
  String.raw`\b${MINE}(?: \p{Ll}[\p{L}\-]*){0,2}? (\p{L}[\p{Ll}\-]+)${NAMED} ${TITLE}(\p{Lu}\p{L}+)`,
  "gu",
);
/** "Duncan, my partner". */
const NAME_FIRST = new RegExp(
  String.raw`(\p{Lu}\p{L}+), (?:who is )?${MINE}(?: \p{Ll}[\p{L}\-]*){0,2}? (\p{L}[\p{Ll}\-]+)(?=[,.;:!?]|$)`,
  "gu",
);
/** "I have two girls, Ruby who is nine and Pearl who is four." */
const NAME_WHO = /(\p{Lu}\p{L}+),? (?:who|die|der) (?:is|was|has|lives|works|ist|war|hat|wohnt|arbeitet)\b/gu;
/** "my brother", "my late husband". */
const SOMEBODY_OF_MINE = new RegExp(String.raw`\b${MINE} (\p{L}+)(?: (\p{L}+))?`, "gu");
/** The name itself is asked for. */
const ASKS_NAME = /\b(?:who|names?|called|named|wer|heißt|heißen)\b/iu;

const termOf = (word: string): string => stem(folded(word));

export function acquaintancesIn(lines: readonly Pick<Passage, "role" | "text">[]): Acquaintance[] {
  const texts = lines.filter(({ role }) => role === "user").map(({ text }) => text);
  const pairs = texts.flatMap((text) => [
    ...[...text.matchAll(ROLE_FIRST)].map(([, role, called]) => [role!, called!] as const),
    ...[...text.matchAll(NAME_FIRST)].map(([, called, role]) => [role!, called!] as const),
    ...[...text.matchAll(NAME_WHO)].map(([, called]) => ["", called!] as const),
  ]);
  return pairs
    .filter((words) => !words.some((word) => isFunctionWord(folded(word))))
    .map(([role, called]) => ({ role: termOf(role), called }));
}

/** Whether the question calls one of them by name. */
export function namesOne(question: string, known: readonly Acquaintance[]): boolean {
  const asked = new Set((question.match(/\p{Lu}\p{L}+/gu) ?? []).map(termOf));
  return known.some(({ called }) => asked.has(termOf(called)));
}

/** "Where does my brother live?" as "Where does Lars live?"; undefined where it is about none whose name is known. */
export function withNames(question: string, known: readonly Acquaintance[]): string | undefined {
  if (ASKS_NAME.test(question)) return undefined;
  const names = new Map<string, Set<string>>();
  for (const { role, called } of known) names.set(role, (names.get(role) ?? new Set()).add(called));
  const nameOf = (word: string) => {
    // Of two brothers nobody knows which is meant.
    const [called, another] = names.get(termOf(word)) ?? [];
    return another === undefined ? called : undefined;
  };
  const named = question.replace(SOMEBODY_OF_MINE, (said, word: string, next = "") => {
    const name = nameOf(word);
    return name ? `${name} ${next}`.trim() : (nameOf(next) ?? said);
  });
  return named === question ? undefined : named;
}
