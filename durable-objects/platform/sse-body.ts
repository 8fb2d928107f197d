/**
 * SseBody: the body of a server-sent-events reply.
 *
 * The writer waits while the reader is behind. A reader that leaves, or stands still for too long, sets `gone`; nothing
 * is lost by that, for the turn is committed as far as it came. A comment line keeps quiet stretches open, and a write
 * is how a lost client is noticed.
 */
import type { WireEvent } from "../../src/api/shared/reply-encoder.ts";
import { count } from "../../src/core/event-counts.ts";
import { whenAborted } from "../../src/core/when-aborted.ts";
import { type StreamLimits, streamLimits } from "./limits.ts";

export class SseBody {
  readonly body: ReadableStream<Uint8Array>;
  readonly #limits: StreamLimits;
  readonly #left = new AbortController();
  readonly #encoder = new TextEncoder();
  readonly #heart: ReturnType<typeof setInterval>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #room: (() => void) | undefined;
  #ended = false;
  #quiet = false;

  constructor(client: AbortSignal, limits: Partial<StreamLimits> = {}) {
    this.#limits = { ...streamLimits, ...limits };
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#room?.(),
        cancel: () => this.#leave(),
      },
      { highWaterMark: this.#limits.bufferBytes, size: (chunk) => chunk!.byteLength },
    );
    // Half the period, so that no silence is longer than one heartbeat.
    this.#heart = setInterval(() => {
      if (this.#quiet) this.#write(this.#encoder.encode(": \n\n"));
      this.#quiet = true;
    }, this.#limits.heartbeatMs / 2);
    whenAborted(client, () => this.#leave());
  }

  /** The stream as an HTTP reply. */
  response(headers: Record<string, string>): Response {
    // Proxies that gather bytes would turn the stream into one late block.
    const own = { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" };
    return new Response(this.body, { headers: { ...headers, ...own } });
  }

  /** Aborted when nobody reads any more. */
  get gone(): AbortSignal {
    return this.#left.signal;
  }

  /** One event; resolves when there is room for the next. Without a reader it does nothing. */
  async send({ id, event, data }: WireEvent): Promise<void> {
    const fields = `${id === undefined ? "" : `id: ${id}\n`}${event === undefined ? "" : `event: ${event}\n`}`;
    await this.pass(
      this.#encoder.encode(`${fields}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`),
    );
  }

  /** Events that are bytes already; the same. */
  async pass(bytes: Uint8Array): Promise<void> {
    this.#write(bytes);
    if (!this.gone.aborted && (this.#controller.desiredSize ?? 1) <= 0) await this.#drained();
  }

  end(): void {
    clearInterval(this.#heart);
    if (!this.#ended && !this.gone.aborted) this.#controller.close();
    this.#ended = true;
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const stalled = setTimeout(() => {
        count("reader_stalled");
        this.#leave();
        this.#controller.error(new Error("the reader stood still"));
      }, this.#limits.stallMs);
      this.#room = () => {
        clearTimeout(stalled);
        this.#room = undefined;
        resolve();
      };
    });
  }

  #write(bytes: Uint8Array): void {
    if (this.#ended || this.gone.aborted) return;
    this.#quiet = false;
    this.#controller.enqueue(bytes);
  }

  #leave(): void {
    clearInterval(this.#heart);
    if (!this.gone.aborted && !this.#ended) this.#left.abort();
    this.#room?.();
  }
}
