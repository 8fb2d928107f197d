/** Listeners: those who are told of a stream's values, alerts and forecasts, as server-sent events or over a WebSocket, from the moment they join. */
import type { AppendReply, StreamForecast } from "../../src/api/streams/replies.ts";
import { Failure } from "../../src/core/failure.ts";
import { logFailure } from "../platform/log-failure.ts";
import { SocketWriter } from "../platform/socket-writer.ts";
import { SseBody } from "../platform/sse-body.ts";

const LISTENERS_MAX = 64;
/** Events that a listener may be behind, beyond what its connection takes: then it is let go, and may join again. */
const BEHIND_MAX = 64;

/** Where a listener's events go. */
interface Ear {
  send(event: { event: string; data: object }): Promise<void>;
  end(): void;
  gone: AbortSignal;
}

interface Listener {
  body: Ear;
  /** Steps of the forecast that it wants after each batch. */
  h: number | undefined;
  behind: number;
}

export class Listeners {
  readonly #listeners = new Set<Listener>();
  /** The newest batch: a forecast for an older one is not begun any more. */
  #newest: AppendReply | undefined;
  #forecasting = false;

  /** As server-sent events. Fails with `busy`. */
  join(client: AbortSignal, h: number | undefined): Response {
    this.#checkRoom();
    const body = new SseBody(client);
    this.#add(body, h);
    return body.response({ "cache-control": "no-store" });
  }

  /** Over a WebSocket: each event is a JSON frame with its name as `type`. `left` is called when it is over. Fails with `busy`. */
  joinSocket(h: number | undefined, left: () => void): Response {
    this.#checkRoom();
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    const writer = new SocketWriter(server);
    server.accept();
    for (const over of ["close", "error"] as const) server.addEventListener(over, () => writer.close(1000, ""));
    writer.gone.addEventListener("abort", left);
    const ear: Ear = {
      send: ({ event, data }) => writer.send({ type: event, ...data }),
      end: () => writer.close(1000, "the stream is gone, or this listener was too far behind"),
      gone: writer.gone,
    };
    this.#add(ear, h);
    return new Response(null, { status: 101, webSocket: client });
  }

  #checkRoom(): void {
    if (this.#listeners.size >= LISTENERS_MAX)
      throw new Failure("busy", `a stream has at most ${LISTENERS_MAX} listeners`);
  }

  #add(body: Ear, h: number | undefined): void {
    const listener = { body, h, behind: 0 };
    this.#listeners.add(listener);
    body.gone.addEventListener("abort", () => this.#listeners.delete(listener));
    if (body.gone.aborted) this.#listeners.delete(listener);
  }

  /** Does not wait for anybody. `forecast` is asked once for each number of steps, for the newest batch. */
  tell(reply: AppendReply, forecast: (h: number) => Promise<StreamForecast>): void {
    if (this.#listeners.size === 0) return;
    this.#send("stream.values", reply, () => true);
    for (const alert of reply.alerts) this.#send("stream.alert", { ...alert, stream: reply.stream }, () => true);
    this.#newest = reply;
    if (!this.#forecasting) void this.#forecasts(forecast);
  }

  async #forecasts(forecast: (h: number) => Promise<StreamForecast>): Promise<void> {
    this.#forecasting = true;
    try {
      for (let done: AppendReply | undefined; this.#newest !== done; ) {
        done = this.#newest;
        for (const h of new Set([...this.#listeners].map((listener) => listener.h)))
          if (h !== undefined) this.#send("stream.forecast", await forecast(h), (listener) => listener.h === h);
      }
    } catch (thrown) {
      logFailure(thrown);
    } finally {
      this.#forecasting = false;
    }
  }

  #send(event: string, data: object, wants: (listener: Listener) => boolean): void {
    for (const listener of this.#listeners) {
      if (!wants(listener)) continue;
      if (++listener.behind > BEHIND_MAX) {
        listener.body.end();
        this.#listeners.delete(listener);
        continue;
      }
      void listener.body.send({ event, data }).then(() => {
        listener.behind--;
      });
    }
  }

  end(): void {
    for (const { body } of this.#listeners) body.end();
    this.#listeners.clear();
  }
}
