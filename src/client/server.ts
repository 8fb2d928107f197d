/**
 * Server: requests to a Rivulet server, from a browser or from Node; every refusal is a `Failure`,
 * every silence an `Unreachable`.
 */
import { check, Failure } from "../core/failure.ts";

/** No answer came, or it broke off: another try may help. */
export class Unreachable extends Error {
  /** What the server asks to wait, 0 when it did not say. */
  readonly retryMs: number;

  constructor(message: string, options: { cause?: unknown; retryMs?: number } = {}) {
    super(message, { cause: options.cause });
    this.name = "Unreachable";
    this.retryMs = options.retryMs ?? 0;
  }
}

export interface Call {
  method?: "GET" | "POST" | "DELETE";
  /** Sent as JSON, bytes as they are. */
  body?: object;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Statuses of a proxy whose server is away; their bodies are not ours. */
const AWAY = new Set([502, 503, 504]);

/** What `fetch` can send in a header; it fails at anything else as it does where no server is. */
const SENDABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

export class Server {
  readonly url: string;
  /** Sent as a bearer token; it may be set when the server has asked for it. */
  key: string | undefined;

  /**
   * A path in the URL is kept: a server may be mounted below one. Of a base URL as OpenAI's clients take it the last
   * "/v1" is not: every path asked for has its own.
   */
  constructor(url: string, key?: string) {
    this.url = url.replace(/\/+$/, "").replace(/\/v1$/, "");
    this.key = key;
  }

  /** The response when its status is 2xx. Fails with the server's own failure, or with `Unreachable`. */
  async open(path: string, { method, body, headers, signal }: Call = {}): Promise<Response> {
    const unsendable = "authorization: expected a key in letters that a header can hold, got others";
    check(SENDABLE.test(this.key?.trim() ?? ""), "unauthorized", () => unsendable);
    const bytes = body instanceof Uint8Array || body instanceof Blob;
    const init: RequestInit = {
      method: method ?? (body ? "POST" : "GET"),
      headers: {
        ...(body && !bytes ? { "content-type": "application/json" } : {}),
        ...(this.key ? { authorization: `Bearer ${this.key}` } : {}),
        ...headers,
      },
      ...(body ? { body: bytes ? (body as Blob) : JSON.stringify(body) } : {}),
      ...(signal ? { signal } : {}),
    };
    const response = await fetch(`${this.url}${path}`, init).catch((cause: Error) => {
      if (signal?.aborted) throw cause;
      throw new Unreachable(`${this.url}: no server answers there`, { cause });
    });
    if (response.ok) return response;
    const { error } = (await response.json().catch(() => ({}))) as { error?: { code: string; message: string } };
    if (error) throw Failure.from(error);
    const retryMs = 1000 * Number(response.headers.get("retry-after") ?? 0);
    if (AWAY.has(response.status)) throw new Unreachable(`${this.url}: status ${response.status}`, { retryMs });
    throw new Failure("request_invalid", `${this.url}: expected a Rivulet server, got status ${response.status}`);
  }

  async json<T>(path: string, call?: Call): Promise<T> {
    return (await this.open(path, call)).json() as Promise<T>;
  }
}
