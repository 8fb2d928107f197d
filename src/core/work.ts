/**
 * Work that pauses now and then, so that others have their turn. `yield* ` it from other work; `inSlices`
 * and `atOnce` bring it to its end.
 */
export type Work<T> = Generator<void, T, void>;

export function atOnce<T>(work: Work<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** `pause` lets others have their turn; it may throw to end the work. */
export async function inSlices<T>(work: Work<T>, pause: () => Promise<void>): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    await pause();
  }
}
