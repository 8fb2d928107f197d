/** Whether an answer is right: it holds what was told in any of its wordings, and nothing that it must not be. */

export interface Expected {
  /** Wordings of what was told, one of which an answer must hold. */
  right: string[];
  /** What it must not be. */
  wrong: string[];
}

/** The ways to say a value, the told one first. */
export const wordings = (value: string): string[] => value.split("=");

/** Numbers are held whole: 14 is not in 2014. */
export function holds(answer: string, wording: string): boolean {
  const text = answer.toLowerCase();
  const word = wording.toLowerCase();
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const cutsBefore = /^\d/.test(word) && /\d$/.test(text.slice(0, at));
    const cutsBehind = /\d$/.test(word) && /^\d/.test(text.slice(at + word.length));
    if (!cutsBefore && !cutsBehind) return true;
  }
  return false;
}

export const isRight = (answer: string, { right, wrong }: Expected): boolean =>
  right.some((wording) => holds(answer, wording)) && !wrong.some((wording) => holds(answer, wording));
