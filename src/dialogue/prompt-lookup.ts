/**
 * PromptLookup: guesses the next ids of a reply as what followed the last time its end stood in the conversation.
 *
 * A wrong guess costs about half a pass, so after wrong ones it keeps silent for a while, each time for longer.
 * Source: prompt lookup decoding, github.com/apoorvumang/prompt-lookup-decoding; transformers
 * `PromptLookupCandidateGenerator`.
 */
import { RECENT_TOKENS } from "../sampling/sampling.ts";

/** Ids that must have stood before in the same order. */
const SAME = 3;
/** The longest agreement wins; beyond this it is not told apart. */
const SAME_MOST = 16;
/** Rows of a pass come in fours. */
const GUESS = 3;
const PAUSE_MOST = 128;

export class PromptLookup {
  /** At least the last RECENT_TOKENS. */
  #ids: number[];
  /** Tokens to let pass before the next guess, and how many the next wrong guess will cost. */
  #pause = 0;
  #penalty = 4;

  constructor(recent: readonly number[]) {
    this.#ids = [...recent];
  }

  push(id: number): void {
    this.#ids.push(id);
    if (this.#ids.length > 2 * RECENT_TOKENS) this.#ids = this.#ids.slice(-RECENT_TOKENS);
    if (this.#pause > 0) this.#pause--;
  }

  /** At most `most` ids. */
  guess(most: number): number[] {
    const count = Math.min(most, GUESS);
    if (this.#pause > 0 || count <= 0) return [];
    const ids = this.#ids;
    const end = ids.length - 1;
    let from = 0;
    let best = SAME - 1;
    for (let at = end - 1; at >= Math.max(SAME - 1, end - RECENT_TOKENS) && best < SAME_MOST; at--) {
      let same = 0;
      while (same < SAME_MOST && same <= at && ids[at - same] === ids[end - same]) same++;
      if (same > best) [from, best] = [at + 1, same];
    }
    if (best < SAME) return [];
    const guessed: number[] = [];
    // Where what followed reaches the end, it goes round.
    for (let i = 0; i < count; i++) guessed.push(ids[from + i] ?? guessed[from + i - ids.length]!);
    return guessed;
  }

  /** Of the last guess so many were right. */
  learn(right: number): void {
    if (right > 0) this.#penalty = 4;
    else {
      this.#pause = this.#penalty;
      this.#penalty = Math.min(2 * this.#penalty, PAUSE_MOST);
    }
  }
}
