/**
 * Listeners: those who are sent a stream's values, alerts and forecasts, as server-sent events or over a
 * WebSocket, from the moment they join.
 */
import type { AppendReply, StreamForecast } from "../../src/api/streams/replies.ts";
import { Failure } from "../../src/core/failure.ts";
import { whenAborted } from "../../src/core/when-aborted.ts";
import { logFailure } from "../platform/log-failure.ts";
import { SseBody } from "../platform/sse-body.ts";

const LISTENERS_MAX = 64;
/** Events that a listener may be behind, beyond what its connection takes: then it is let go, and may join again. */
const BEHIND_MAX = 64;

export interface Listener {
  /** Resolves when there is room for the next. */
  send(event: { event: string; data: object }): Promise<void>;
  end(): void;
  /** Steps of the forecast that it wants after each batch. */
  h: number | undefined;
  behind: number;
}

export class Listeners {
  readonly #readers = new Set<Listener>();
  readonly #sockets: { all(): Listener[] };
  /** The newest batch: a forecast for an older one is not begun any more. */
  #newest: AppendReply | undefined;
  #forecasting = false;

  /** `sockets`: those who listen over a WebSocket. */
  constructor(sockets: { all(): Listener[] }) {
    this.#sockets = sockets;
  }

  /** As server-sent events. Fails with `busy`. */
  join(client: AbortSignal, h: number | undefined): Response {
    this.checkRoom();
    const body = new SseBody(client);
    const listener: Listener = { send: (event) => body.send(event), end: () => body.end(), h, behind: 0 };
    this.#readers.add(listener);
    whenAborted(body.gone, () => this.#readers.delete(listener));
    return body.response({ "cache-control": "no-store" });
  }

  /** Whether one more may join. Fails with `busy`. */
  checkRoom(): void {
    if (this.#all().length >= LISTENERS_MAX)
      throw new Failure("busy", `a stream has at most ${LISTENERS_MAX} listeners`);
  }

  #all(): Listener[] {
    return [...this.#readers, ...this.#sockets.all()];
  }

  /**
   * Waits for no listener. `forecast` is asked once for each number of steps, for the newest batch; undefined, or
   * resolves when none is to be made any more. Never rejects.
   */
  send(reply: AppendReply, forecast: (h: number) => Promise<StreamForecast>): Promise<void> | undefined {
    if (this.#all().length === 0) return undefined;
    this.#sendEach("stream.values", reply, () => true);
    for (const alert of reply.alerts) this.#sendEach("stream.alert", { ...alert, stream: reply.stream }, () => true);
    this.#newest = reply;
    return this.#forecasting ? undefined : this.#forecasts(forecast);
  }

  async #forecasts(forecast: (h: number) => Promise<StreamForecast>): Promise<void> {
    this.#forecasting = true;
    try {
      for (let done: AppendReply | undefined; this.#newest !== done; ) {
        done = this.#newest;
        for (const h of new Set(this.#all().map((listener) => listener.h)))
          if (h !== undefined) this.#sendEach("stream.forecast", await forecast(h), (listener) => listener.h === h);
      }
    } catch (thrown) {
      logFailure(thrown);
    } finally {
      this.#forecasting = false;
    }
  }

  #sendEach(event: string, data: object, wants: (listener: Listener) => boolean): void {
    for (const listener of this.#all()) {
      if (!wants(listener)) continue;
      if (++listener.behind > BEHIND_MAX) {
        listener.end();
        this.#readers.delete(listener);
        continue;
      }
      void listener.send({ event, data }).then(() => {
        listener.behind--;
      });
    }
  }

  end(): void {
    for (const listener of this.#all()) listener.end();
    this.#readers.clear();
  }
}
