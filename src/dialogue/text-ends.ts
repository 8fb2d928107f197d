/** What ends a reply, in types that a page may import as well: no model comes with them. */

/**
 * What ends a reply's text, apart from its form and its limit of tokens. The text of one reply is made in several
 * places (while it is computed, when it is stored, for each reader), and all must agree: each takes the whole of this,
 * so a new condition reaches them all or does not compile.
 */
export interface TextEnds {
  stop: readonly string[];
  /** Goes on after the model's end-of-turn token. */
  ignoreEos: boolean;
}

/** Why a reply that nobody interrupted is over: by itself, or at its limit of tokens. */
export type EndReason = "stop" | "length";
