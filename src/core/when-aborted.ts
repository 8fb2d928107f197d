/**
 * whenAborted: runs `act` when the signal is aborted, and at once where it already is, which no event tells any more.
 */
export function whenAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener("abort", act, { once: true });
}
