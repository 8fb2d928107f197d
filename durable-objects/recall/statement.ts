/**
 * statement: a question without the word that asks, which is what its answer would say but for the answer itself.
 *
 * A sentence encoder puts questions near to questions. "Which brand are my earphones?" and "Brand my earphones."
 * together are nearer to what was told than either alone, in German and Chinese above all.
 */

/** In front of what is asked, with a word before it ("on which day") and, in English, the verb that stands between. */
const ASKING = [
  /^(?:(?:in|at|on|to|from|with|by|until|since|behind|for|of) )?(?:which|whatever|what|who|whom|whose|where|when|why|how(?: (?:many|much|long|old|late|often|far|tall|big))?)\b ?(?:(?:do|does|did|is|are|was|were|has|have|can|will)\b ?)?/iu,
  /^(?:(?:in|an|auf|zu|von|mit|bei|aus|unter|um|seit|bis|für) )?(?:welche[rsnm]?|was|wer|wen|wem|wessen|wohin|woher|womit|worin|woran|worauf|worüber|wovon|wovor|wofür|wozu|wo|wann|warum|weshalb|wie(?: (?:viele?|lange|hoch|groß|oft|alt|weit))?)(?!\p{L}) ?/iu,
];
/**
 * Chinese asks where the answer would stand. A string of its own: of one that stands in `new RegExp` the bundler makes
 * a pattern, and letters beyond Latin-1 in a pattern cost memory (src/core/either.ts).
 */
const WITHIN =
  "什么时候|什么地方|什么|哪里|哪儿|哪[个位种国家天年次条些]?|谁|多少|几|怎么样|怎样|怎么|吗|呢|多(?:久|大|高|长|远)";
const ASKING_WITHIN = new RegExp(WITHIN, "gu");
const HAN = /\p{sc=Han}/u;

/**
 * Of one question or more. A text that asks nothing in a way that is known loses its question mark only, and one
 * without a mark is a statement as it is.
 */
export function statementOf(question: string): string {
  const told = question.replace(/[?\uff1f]\s*$/u, "");
  const isHan = HAN.test(told);
  const stated = isHan
    ? told.replace(ASKING_WITHIN, "")
    : ASKING.reduce((text, asking) => text.replace(asking, ""), told);
  return stated === question ? question : `${stated}${isHan ? "。" : "."}`;
}
