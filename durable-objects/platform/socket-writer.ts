/**
 * SocketWriter: what goes out over one WebSocket, with a bound on what the other side has not read.
 *
 * A socket has no writer that waits, so a sender looks at what is still buffered. Who reads nothing for too long is
 * closed with 1013 and can fetch the rest by the response's id.
 */
interface WriterLimits {
  bufferBytes: number;
  stallMs: number;
  pollMs: number;
}

const standard: WriterLimits = { bufferBytes: 256 * 1024, stallMs: 30_000, pollMs: 50 };
/** "Try again later", registry of IANA. */
const TRY_AGAIN_LATER = 1013;
/** RFC 6455: a close frame holds 125 bytes, two of them the code. */
const REASON_MAX_BYTES = 123;

export class SocketWriter {
  readonly #socket: WebSocket;
  readonly #limits: WriterLimits;
  readonly #left = new AbortController();

  constructor(socket: WebSocket, limits: Partial<WriterLimits> = {}) {
    this.#socket = socket;
    this.#limits = { ...standard, ...limits };
  }

  /** Aborted when nobody listens any more. */
  get gone(): AbortSignal {
    return this.#left.signal;
  }

  /** One frame; resolves when there is room for the next. To a socket that has gone it does nothing. */
  async send(data: object): Promise<void> {
    if (this.gone.aborted) return;
    try {
      this.#socket.send(JSON.stringify(data));
    } catch {
      return this.leave();
    }
    const { bufferBytes, stallMs, pollMs } = this.#limits;
    for (let waitedMs = 0; this.#unsent() > bufferBytes && !this.gone.aborted; waitedMs += pollMs) {
      if (waitedMs >= stallMs) return this.close(TRY_AGAIN_LATER, "the reader stood still; fetch the rest by its id");
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** Never throws, whatever the code, the reason's length and the socket's state. */
  close(code: number, reason: string): void {
    this.leave();
    const bytes = new TextEncoder().encode(reason).slice(0, REASON_MAX_BYTES);
    try {
      this.#socket.close(code, new TextDecoder().decode(bytes, { stream: true }));
    } catch {
      // It was closed already.
    }
  }

  leave(): void {
    this.#left.abort();
  }

  #unsent = (): number => (this.#socket as unknown as { bufferedAmount?: number }).bufferedAmount ?? 0;
}
