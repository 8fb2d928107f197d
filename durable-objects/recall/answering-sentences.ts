/**
 * answering-sentences: what of a passage is quoted: the sentences that answer the question, the one that follows each,
 * and those without which these cannot be understood.
 *
 * Of several sentences that somebody said in one breath a small model often answers with the wrong one ("I have lived
 * in this flat since 2004. We painted the nursery coral. I write my diary in Esperanto. We are expecting two girls."),
 * so what stands further off is left out. What follows often says more of the same.
 */
import { either } from "../../src/core/either.ts";

/** A sentence, and how much of the question it answers. */
export interface Answering {
  text: string;
  worth: number;
  /** As `languageOf` numbers it. */
  language: number;
  /** It asks, or wants something done, and may say something beside that. */
  asksOnly: boolean;
  /** The question's terms that it holds, by their places. */
  terms: readonly number[];
}

/** Of the best sentence's worth, what another one must have to be quoted for its own sake. */
const SHARE_OF_BEST = 0.5;
/**
 * Of a sentence that says little without the one before it: "He is a vet.", "We are getting one on Saturday.", "And she
 * lives in Oslo." English, German and Chinese.
 */
const GOES_ON = either(
  /^(?:and|but|so|there|und|aber|also|deshalb)\b|^(?:\S+ ){0,3}?(?:it|its|they|them|their|he|him|his|she|hers?|er|sie|es|ihn|ihm|ihnen|ihre?[mnrs]?|seine?[mnrs]?|da(?:von|mit|für|ran|rin)|dort|das (?:ist|war|sind|wird|kostet))\b|\b(?:ones?|some|any|that|those|these|this|eine[mnrs]?|welche[ns]?)(?=$|[.,;!?]| (?:on|in|at|for|from|and|but|because|so|when|is|was|are|were|yesterday|today|tomorrow|soon|now)\b)/iu,
  "^.{0,4}[它他她]|^.{0,2}[那这]|^(?:而且|但|不过|所以|因此)",
);
/** A full stop that ends no sentence, though sentences are cut behind it: "am 21. Juni", "Dr. Hill", "J. S. Bach". */
const CUT_OFF =
  /(?:^|[^\p{L}\p{N}])(?:\p{L}|\p{Nd}{1,2}|mrs?|ms|dr|prof|st|no|nr|str|hr|fr|ca|bzw|vs|jr|sr|approx|incl|inkl)\.$/iu;

/**
 * As they stood, in their order: those that are worth about as much as the best, the one after each where it is of no
 * other language, what goes on with these or they with it, and one that asks where it holds a term of the question that
 * these do not ("What goes on the gift tag of the shawl that I am knitting for the baby shower?"). All of them where
 * none is worth anything by itself.
 */
export function answeringSentences(sentences: readonly Answering[]): string {
  const most = Math.max(...sentences.map(({ worth }) => worth));
  const answers = sentences.map(({ worth }) => most <= 0 || worth >= SHARE_OF_BEST * most);
  const held = new Set(sentences.flatMap(({ terms }, i) => (answers[i] ? terms : [])));
  const kept = sentences.map(({ language, asksOnly, terms }, i) => {
    const before = sentences[i - 1]?.language ?? -1;
    const follows = answers[i - 1] === true && (language < 0 || before < 0 || language === before);
    return answers[i]! || follows || (asksOnly && terms.some((term) => !held.has(term)));
  });
  const goesOn = sentences.map(({ text }, i) => GOES_ON.test(text) || CUT_OFF.test(sentences[i - 1]?.text ?? ""));
  for (let i = 1; i < kept.length; i++) kept[i] ||= kept[i - 1]! && goesOn[i]!;
  for (let i = kept.length - 1; i > 0; i--) kept[i - 1] ||= kept[i]! && goesOn[i]!;
  return sentences
    .filter((_, i) => kept[i])
    .map(({ text }) => text)
    .join(" ");
}
