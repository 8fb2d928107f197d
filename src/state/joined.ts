/**
 * Joined: bytes that lie in several places, one after another, of which a part is copied when it is asked for. So a
 * state is written row by row without ever being in memory as a whole beside the engine's.
 */
export class Joined {
  readonly length: number;
  readonly #places: readonly Uint8Array[];

  /** They may be views of memory that changes: whoever asks does so before it does. */
  constructor(places: readonly Uint8Array[]) {
    this.#places = places;
    this.length = places.reduce((sum, { length }) => sum + length, 0);
  }

  /** A copy, within the bytes there are. */
  subarray(from: number, to: number): Uint8Array<ArrayBuffer> {
    const end = Math.min(to, this.length);
    const copy = new Uint8Array(Math.max(0, end - from));
    let at = 0;
    for (const place of this.#places) {
      const part = place.subarray(Math.max(0, from - at), Math.max(0, end - at));
      if (part.length > 0) copy.set(part, Math.max(0, at - from));
      at += place.length;
    }
    return copy;
  }

  whole(): Uint8Array<ArrayBuffer> {
    return this.subarray(0, this.length);
  }
}
