/**
 * StopMatcher: ends streamed text before the first stop string. Nothing of a stop string leaks,
 * however the text was cut into pieces.
 *
 * The stop that is complete first wins; of several that end at the same character, the longest. Held back is only what
 * could still become a stop. Time is linear in the text, whatever the strings.
 * Source: Knuth, Morris and Pratt, 1977.
 */
export class StopMatcher {
  readonly #patterns: Pattern[];
  #held = "";
  #met: string | undefined;

  /** Empty strings stop nothing. */
  constructor(stops: readonly string[]) {
    this.#patterns = stops.filter((stop) => stop !== "").map((stop) => new Pattern(stop.toWellFormed()));
  }

  /** The stop string was met: no more text will come. */
  get stopped(): boolean {
    return this.#met !== undefined;
  }

  /** Which stop string it was. */
  get met(): string | undefined {
    return this.#met;
  }

  /** Text that is certain. */
  push(text: string): string {
    if (this.stopped) return "";
    const all = this.#held + text;
    for (let at = this.#held.length; at < all.length; at++) {
      let longest = 0;
      for (const pattern of this.#patterns) {
        if (pattern.advance(all.charCodeAt(at))) longest = Math.max(longest, pattern.length);
      }
      if (longest > 0) {
        this.#met = all.slice(at + 1 - longest, at + 1);
        this.#held = "";
        return all.slice(0, at + 1 - longest);
      }
    }
    const held = this.#patterns.reduce((most, pattern) => Math.max(most, pattern.matched), 0);
    this.#held = all.slice(all.length - held);
    return all.slice(0, all.length - held);
  }

  /** The text has ended: what was held back is part of it. */
  flush(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }
}

class Pattern {
  readonly #text: string;
  /** By length matched: the longest shorter match that ends at the same place. */
  readonly #shorter: Int32Array;
  matched = 0;

  constructor(text: string) {
    this.#text = text;
    this.#shorter = new Int32Array(text.length + 1);
    for (let end = 2, matched = 0; end <= text.length; end++) {
      while (matched > 0 && text[matched] !== text[end - 1]) matched = this.#shorter[matched]!;
      if (text[matched] === text[end - 1]) matched++;
      this.#shorter[end] = matched;
    }
  }

  get length(): number {
    return this.#text.length;
  }

  /** True when the pattern is complete. */
  advance(unit: number): boolean {
    while (this.matched > 0 && this.#text.charCodeAt(this.matched) !== unit)
      this.matched = this.#shorter[this.matched]!;
    if (this.#text.charCodeAt(this.matched) === unit) this.matched++;
    return this.matched === this.#text.length;
  }
}
