/** When to try a lost connection again, and how a browser knows that one is dead. */

let again: (() => void) | undefined;
let connection = new AbortController();

/** Ends the wait for the next try. */
export const tryNow = (): void => again?.();

addEventListener("online", tryNow);
// A stream whose network is gone only looks like a slow answer.
addEventListener("offline", () => connection.abort());

export function broken(): AbortSignal {
  connection = new AbortController();
  return connection.signal;
}

export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      again = undefined;
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    again = done;
  });
}
