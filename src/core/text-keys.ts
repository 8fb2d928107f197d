/**
 * TextSet, TextMap: sets and maps whose keys are texts of callers.
 *
 * Where the runtime hashes a text that is a whole number by its value alone, numbers that are far apart by the same
 * power of two all lie in one chain, and 16,000 of them take half a second of processor time. A sign before each makes
 * it a text like any other, whose hash nobody can foresee.
 */
const SIGN = "~";
/** A text as a key of a set or map that has others beside texts. */
export const signed = (text: string): string => SIGN + text;
const plain = (key: string): string => key.slice(SIGN.length);

export class TextSet extends Set<string> {
  override add(text: string): this {
    return super.add(signed(text));
  }
  override has(text: string): boolean {
    return super.has(signed(text));
  }
  override delete(text: string): boolean {
    return super.delete(signed(text));
  }
  override *values(): SetIterator<string> {
    for (const key of super.values()) yield plain(key);
  }
  override keys(): SetIterator<string> {
    return this.values();
  }
  override [Symbol.iterator](): SetIterator<string> {
    return this.values();
  }
  override *entries(): SetIterator<[string, string]> {
    for (const text of this) yield [text, text];
  }
  override forEach(each: (text: string, same: string, all: Set<string>) => void, that?: unknown): void {
    for (const text of this) each.call(that, text, text, this);
  }
}

export class TextMap<T> extends Map<string, T> {
  override get(text: string): T | undefined {
    return super.get(signed(text));
  }
  override set(text: string, value: T): this {
    return super.set(signed(text), value);
  }
  override has(text: string): boolean {
    return super.has(signed(text));
  }
  override delete(text: string): boolean {
    return super.delete(signed(text));
  }
  override *keys(): MapIterator<string> {
    for (const key of super.keys()) yield plain(key);
  }
  override *entries(): MapIterator<[string, T]> {
    for (const [key, value] of super.entries()) yield [plain(key), value];
  }
  override [Symbol.iterator](): MapIterator<[string, T]> {
    return this.entries();
  }
  override forEach(each: (value: T, text: string, all: Map<string, T>) => void, that?: unknown): void {
    for (const [text, value] of this) each.call(that, value, text, this);
  }
}
