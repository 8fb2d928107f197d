/**
 * ReadSections: the sections of turns that a conversation's questions have read last, cut into passages, so that the
 * next question does not read and cut them again.
 *
 * What was said in a turn never changes. Whoever takes words out of the index forgets all of it, and so does a
 * transaction that is rolled back.
 */
import type { Passage } from "./passages.ts";

export interface ReadSection {
  turn: string;
  passages: readonly Passage[];
  /**
   * Those of its sentences that have a code, and the codes (`codesOf`). Undefined where it
   * is not known which is of which.
   */
  told: readonly string[];
  codes: Uint8Array | undefined;
}

/**
 * UTF-16 units of all sections together. With the words that ranking finds in them
 * (sentence-words.ts) a unit takes some 20 bytes.
 */
const UNITS_MAX = 16_384;

const unitsOf = ({ passages }: ReadSection): number => passages.reduce((sum, { text }) => sum + text.length, 0);

export class ReadSections {
  /** The one that was read longest ago comes first. */
  readonly #sections = new Map<string, ReadSection>();
  #units = 0;

  get(name: string): ReadSection | undefined {
    const section = this.#sections.get(name);
    if (!section) return undefined;
    this.#sections.delete(name);
    this.#sections.set(name, section);
    return section;
  }

  /** Under a name that none has. */
  keep(name: string, section: ReadSection): void {
    this.#units += unitsOf(section);
    this.#sections.set(name, section);
    for (const [oldest, old] of this.#sections) {
      if (this.#units <= UNITS_MAX) return;
      this.#sections.delete(oldest);
      this.#units -= unitsOf(old);
    }
  }

  forget(): void {
    this.#sections.clear();
    this.#units = 0;
  }
}
