/**
 * PackSource: where a pack's files come from. Implementations: folder-source.ts (disk),
 * fetch-source.ts (static assets, HTTP).
 */
export interface PackFile {
  /** Length that the source claims, when it knows one. It is checked, not believed. */
  bytes?: number;
  body: ReadableStream<Uint8Array>;
}

export interface PackSource {
  /**
   * Opens a file. Fails with `weights_unavailable` when another try may help,
   * `weights_invalid` when it is not there at all.
   */
  read(file: string): Promise<PackFile>;
  /** What to do about `weights_unavailable`; without it, one try. */
  retry?: RetryPolicy;
}

export interface RetryPolicy {
  attempts: number;
  /** Wait before try n is random in (0, baseDelayMs · 2ⁿ). */
  baseDelayMs: number;
  /** Longest wait for the next bytes. */
  stallMs: number;
}
