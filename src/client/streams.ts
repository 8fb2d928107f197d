/** Streams: series of values that the server forecasts and watches as they come. Shapes as in `/openapi.json`. */
import type { EventSourceMessage } from "eventsource-parser";
import { serverEvents } from "./event-source.ts";
import type { Call, Server } from "./server.ts";

export interface StreamInfo {
  id: string;
  name: string | null;
  frequency: string | null;
  horizon: number;
  quantiles: number[];
  anomaly_threshold: number;
  /** Values so far, gaps among them. */
  position: number;
  last_time: string | null;
  oldest_rewind: number;
  state_bytes: number;
  created_at: number;
  expires_at: number | null;
  forked_from: { stream: string; position: number } | null;
}

export interface StreamOptions {
  name?: string;
  /** `15s`, `5min`, `1h`, `1d`, `1w`: with it, times that are left out become gaps. */
  frequency?: string;
  horizon?: number;
  ttl_seconds?: number;
}

/** A number, a gap, or either with its time. */
export type GivenValue = number | null | { value: number | null; time?: string | number };

export interface TakenValue {
  position: number;
  /** ISO 8601; null where none was given. */
  time: string | null;
  value: number | null;
  tail_probability: number | null;
  anomaly: boolean;
  expected: { low: number; median: number; high: number } | null;
}

export interface StreamAlert {
  name: string;
  when: string;
  position: number;
  time: string | null;
  value: number | null;
}

export interface TakenValues {
  position: number;
  gaps_filled: number;
  duplicates: number;
  replayed: number;
  repeated: boolean;
  values: TakenValue[];
  alerts: StreamAlert[];
}

/** What a stream answers that took nothing of a request for many. */
export interface RefusedValues {
  stream: string;
  error: { code: string; message: string; param: string | null };
}

export interface Forecast {
  /** It begins with the value at this position. */
  position: number;
  quantiles: number[];
  steps: { time: string | null; values: number[] }[];
}

export type StreamEvent = { type: "open" } | ({ type: "values" } & TakenValues) | ({ type: "alert" } & StreamAlert);

const at = (id: string, rest = ""): string => `/v1/streams/${encodeURIComponent(id)}${rest}`;
const within = (signal: AbortSignal | undefined): Call => (signal ? { signal } : {});

export class Streams {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Newest first, at most 100; positions as they were when each was begun or changed. */
  list = async (): Promise<StreamInfo[]> =>
    (await this.#server.json<{ data: StreamInfo[] }>("/v1/streams?limit=100&order=desc")).data;

  create = (options: StreamOptions): Promise<StreamInfo> => this.#server.json("/v1/streams", { body: options });

  get = (id: string, signal?: AbortSignal): Promise<StreamInfo> => this.#server.json(at(id), within(signal));

  /** Takes all of them or none. `once`: a key under which they are taken once, however often they are sent. */
  feed = (
    id: string,
    values: readonly GivenValue[],
    { once, late }: { once?: string; late?: "refuse" | "replay" } = {},
  ): Promise<TakenValues> =>
    this.#server.json(at(id, "/values"), {
      body: { values, ...(late === undefined ? {} : { late }) },
      headers: once === undefined ? {} : { "idempotency-key": once },
    });

  /**
   * Values of many streams in one request, at most 1,000 and 4,096 values. Each takes its own or
   * says why not, in the order given.
   */
  feedMany = async (
    streams: readonly { id: string; values: readonly GivenValue[]; late?: "refuse" | "replay" }[],
    { once }: { once?: string } = {},
  ): Promise<((TakenValues & { stream: string }) | RefusedValues)[]> =>
    (
      await this.#server.json<{ data: ((TakenValues & { stream: string }) | RefusedValues)[] }>("/v1/streams/values", {
        body: { streams },
        headers: once === undefined ? {} : { "idempotency-key": once },
      })
    ).data;

  /** The last `limit` values, in order. */
  values = async (id: string, limit: number, signal?: AbortSignal): Promise<TakenValue[]> =>
    (await this.#server.json<{ data: TakenValue[] }>(at(id, `/values?limit=${limit}`), within(signal))).data;

  forecast = (id: string, h: number, quantiles: readonly number[], signal?: AbortSignal): Promise<Forecast> =>
    this.#server.json(at(id, `/forecast?h=${h}&quantiles=${quantiles.join(",")}`), within(signal));

  /** What happens from now on. Fails with `Unreachable` when the connection breaks; ends when the stream is removed. */
  async *events(id: string, signal: AbortSignal): AsyncGenerator<StreamEvent> {
    const { body } = await this.#server.open(at(id, "/events"), { signal });
    yield { type: "open" };
    for await (const message of serverEvents(body!, signal)) {
      const event = eventOf(message);
      if (event) yield event;
    }
  }

  /** A copy that goes its own way. */
  fork = (id: string, options: Pick<StreamOptions, "name" | "ttl_seconds">): Promise<StreamInfo> =>
    this.#server.json(at(id, "/fork"), { body: options });

  /** Takes the values behind `position` back. */
  rewind = (id: string, position: number): Promise<StreamInfo> =>
    this.#server.json(at(id, "/rewind"), { body: { position } });

  async delete(id: string): Promise<void> {
    await this.#server.open(at(id), { method: "DELETE" });
  }

  export = async (id: string): Promise<Blob> => (await this.#server.open(at(id, "/export"))).blob();

  /** Under a new id. */
  import = (file: Blob): Promise<StreamInfo> =>
    this.#server.json("/v1/streams/import", {
      method: "POST",
      body: file,
      headers: { "content-type": "application/vnd.rivulet.stream" },
    });
}

function eventOf({ event, data }: EventSourceMessage): StreamEvent | undefined {
  if (event === "stream.values") return { ...(JSON.parse(data) as TakenValues), type: "values" };
  if (event === "stream.alert") return { ...(JSON.parse(data) as StreamAlert), type: "alert" };
  return undefined;
}
