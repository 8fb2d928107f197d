/** Prefixes: long texts whose state is computed once, for any number of conversations to begin with. */
import { Failure, failures } from "../core/failure.ts";
import { type Server, Unreachable } from "./server.ts";

export interface Prefix {
  id: string;
  status: "in_progress" | "completed" | "failed";
  tokens: number;
  tokens_done: number;
  state_bytes: number;
  created_at: number;
  expires_at: number | null;
  error: { code: string; message: string } | null;
}

export interface PrefixOptions {
  /** Called when it is accepted, and whenever more of it has been read. */
  onProgress?(prefix: Prefix): void;
  signal?: AbortSignal;
  /** Removed this long after its last use; kept for ever unless given. */
  ttlSeconds?: number;
}

const POLL_MS = 400;
/** How long a server that is away is asked again. */
const PATIENCE_MS = 120_000;

export class Prefixes {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  list = async (): Promise<Prefix[]> =>
    (await this.#server.json<{ data: Prefix[] }>("/v1/prefixes?limit=100&order=desc")).data;

  get = (name: string, signal?: AbortSignal): Promise<Prefix> =>
    this.#server.json(`/v1/prefixes/${encodeURIComponent(name)}`, signal ? { signal } : {});

  async delete(name: string): Promise<void> {
    await this.#server.open(`/v1/prefixes/${encodeURIComponent(name)}`, { method: "DELETE" });
  }

  /**
   * Resolves when the whole text is computed. The server goes on when nobody asks, so a lost connection or a restart
   * costs only the waiting. Fails with the server's failure, or with `Unreachable` when it does not come back.
   *
   * `name`: 1 to 64 letters, digits, `_`, `.`, `-`. The same name with the same text is the prefix that is there.
   */
  async compute(name: string, text: string, { onProgress, signal, ttlSeconds }: PrefixOptions = {}): Promise<Prefix> {
    const body = { name, text, ...(ttlSeconds === undefined ? {} : { ttl_seconds: ttlSeconds }) };
    let prefix = await this.#server.json<Prefix>("/v1/prefixes?background=true", {
      body,
      ...(signal ? { signal } : {}),
    });
    let heardMs = performance.now();
    for (;;) {
      onProgress?.(prefix);
      if (prefix.status === "completed") return prefix;
      if (prefix.status === "failed") throw Failure.from(prefix.error);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      signal?.throwIfAborted();
      try {
        prefix = await this.get(name, signal);
        heardMs = performance.now();
      } catch (thrown) {
        const passes =
          thrown instanceof Unreachable || (thrown instanceof Failure && failures[thrown.code].retry === "later");
        if (!passes || performance.now() - heardMs > PATIENCE_MS) throw thrown;
      }
    }
  }
}
