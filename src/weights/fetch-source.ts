/** fetchSource: a pack behind a Fetcher (static assets of a Worker, R2 through a service, plain HTTP). */
import { Failure } from "../core/failure.ts";
import type { PackSource, RetryPolicy } from "./pack-source.ts";

/** The part of a Fetcher binding (or of globalThis) that is used. */
export interface Fetches {
  fetch(url: string, init: { signal: AbortSignal }): Promise<Response>;
}

const fetchRetry: RetryPolicy = { attempts: 4, baseDelayMs: 100, stallMs: 15_000 };

/** `base` ends in "/". */
export const fetchSource = (fetcher: Fetches, base: string, retry: RetryPolicy = fetchRetry): PackSource => ({
  retry,
  async read(file) {
    const unavailable = (what: string, cause?: unknown) =>
      new Failure("weights_unavailable", `${file}: ${what}`, { param: file, cause });
    // Only the wait for the headers is timed here; the reader times the body.
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), retry.stallMs);
    const response = await fetcher
      .fetch(new URL(file, base).href, { signal: patience.signal })
      .catch((cause) => {
        throw unavailable(patience.signal.aborted ? `no answer in ${retry.stallMs} ms` : "no answer", cause);
      })
      .finally(() => clearTimeout(timer));
    if (response.status !== 200 || !response.body) {
      await response.body?.cancel();
      throw unavailable(`expected status 200 with a body, got ${response.status}`);
    }
    const length = response.headers.get("content-length");
    // With a content encoding the header counts other bytes than the body yields.
    const known = length !== null && !response.headers.has("content-encoding");
    return { ...(known ? { bytes: Number(length) } : {}), body: response.body };
  },
});
