/**
 * StreamParts: what a stream's object consists of, for those who do something with the stream: its values, its
 * forecasts, its beginning and end.
 */
import { Alarms } from "../platform/alarms.ts";
import { Linger } from "./linger.ts";
import { Listeners } from "./listeners.ts";
import { ListeningSockets } from "./listening-sockets.ts";
import { StoredStream } from "./stored-stream.ts";
import { StreamReports } from "./stream-reports.ts";
import { StreamStore } from "./stream-store.ts";
import { Timeline } from "./timeline.ts";

export interface StreamParts {
  ctx: DurableObjectState;
  env: Env;
  /** The object's id: under which name the stream's sequence stays in the engine's memory. */
  owner: string;
  store: StreamStore;
  stored: StoredStream;
  timeline: Timeline;
  reports: StreamReports;
  alarms: Alarms;
  sockets: ListeningSockets;
  listeners: Listeners;
}

export function partsOf(ctx: DurableObjectState, env: Env): StreamParts {
  const owner = ctx.id.toString();
  const store = new StreamStore(ctx.storage);
  const sockets = new ListeningSockets(ctx, env);
  return {
    ctx,
    env,
    owner,
    store,
    stored: new StoredStream(store, ctx, env),
    timeline: new Timeline(store, owner, new Linger(ctx, env, owner)),
    reports: new StreamReports(ctx, env),
    alarms: new Alarms(ctx.storage),
    sockets,
    listeners: new Listeners(sockets),
  };
}
