/** Streams of the page: which one is shown, and followed as its values come. */
import { batch, signal } from "@preact/signals";
import { Unreachable } from "../src/client/server.ts";
import { type Forecast, type StreamAlert, type StreamInfo, Streams, type TakenValue } from "../src/client/streams.ts";
import { leaveAnswer } from "./answer.ts";
import { broken, wait } from "./connection.ts";
import { address, attempt, notice, report, server, spoken } from "./store.ts";
import { FAN, joined } from "./stream-series.ts";

export const api = new Streams(server);

/** The stream that is open; "" is the list of them; null while conversations are shown. */
export const shownStream = signal<string | null>(null);
export const streamList = signal<readonly StreamInfo[]>([]);
export const stream = signal<StreamInfo | undefined>(undefined);
export const values = signal<readonly TakenValue[]>([]);
export const forecast = signal<Forecast | undefined>(undefined);
/** Newest last. */
export const alerts = signal<readonly StreamAlert[]>([]);
/** Whether what comes now is heard of. */
export const isLive = signal(false);
/** The stream that this page feeds with made-up values. */
export const madeUp = signal<string | null>(null);

/** Values that are kept in the page: what the server keeps. */
export const VALUES_MAX = 4096;
const ALERTS_MAX = 50;
/** A forecast costs the server many steps, so while values rush in only some of them get one. */
const FORECAST_PAUSE_MS = 1000;
const TRY_AGAIN_MS = [500, 1000, 2000, 5000] as const;

const PLACE = "#/streams";

/** What the address says: "" for the list, the id of a stream, null for something else. */
export function streamInAddress(): string | null {
  if (location.hash === PLACE) return "";
  return location.hash.startsWith(`${PLACE}/`) ? location.hash.slice(PLACE.length + 1) : null;
}

let following: AbortController | undefined;

export function stopFollowing(): void {
  following?.abort();
  following = undefined;
}

/** Back to conversations. */
export function leaveStreams(): void {
  stopFollowing();
  madeUp.value = null;
  shownStream.value = null;
}

export function showStreams(): Promise<void> {
  leaveAnswer();
  leaveStreams();
  shownStream.value = "";
  address(PLACE);
  return attempt(refreshStreams);
}

async function refreshStreams(): Promise<void> {
  streamList.value = await api.list();
}

/** Shows a stream and follows it until another view is shown. */
export async function showStream(id: string): Promise<void> {
  leaveAnswer();
  if (madeUp.peek() !== id) madeUp.value = null;
  following?.abort();
  const own = new AbortController();
  following = own;
  notice.value = "";
  batch(() => {
    shownStream.value = id;
    stream.value = undefined;
    values.value = [];
    forecast.value = undefined;
    alerts.value = [];
    isLive.value = false;
  });
  address(`${PLACE}/${id}`);
  for (let tries = 0; !own.signal.aborted; tries++) {
    try {
      const heard = AbortSignal.any([own.signal, broken()]);
      for await (const event of api.events(id, heard)) {
        if (own.signal.aborted) return;
        if (event.type === "open") {
          tries = 0;
          await readStream(id, own.signal);
          isLive.value = true;
        } else if (event.type === "alert") {
          alerts.value = [...alerts.value, event].slice(-ALERTS_MAX);
          spoken.value = `Alert: ${event.name}`;
        } else if (event.replayed > 0 || event.position - event.values.length > (stream.peek()?.position ?? 0))
          await readStream(id, own.signal);
        else {
          batch(() => {
            values.value = joined(values.peek(), event.values, VALUES_MAX);
            if (stream.peek()) stream.value = { ...stream.peek()!, position: event.position };
          });
          void refreshForecast();
        }
      }
    } catch (thrown) {
      if (own.signal.aborted) return;
      const passes = thrown instanceof Unreachable || (thrown instanceof DOMException && thrown.name === "AbortError");
      if (!passes) return report(thrown);
    }
    isLive.value = false;
    await wait(TRY_AGAIN_MS[Math.min(tries, TRY_AGAIN_MS.length - 1)]!, own.signal).catch(() => {});
  }
}

async function readStream(id: string, signal: AbortSignal): Promise<void> {
  const [info, last] = await Promise.all([api.get(id, signal), api.values(id, VALUES_MAX, signal)]);
  signal.throwIfAborted();
  batch(() => {
    stream.value = info;
    values.value = last;
  });
  void refreshForecast();
}

let forecasting = false;
/** One at a time, of the newest value when its turn comes. */
export async function refreshForecast(): Promise<void> {
  if (forecasting) return;
  forecasting = true;
  try {
    for (;;) {
      const shown = stream.peek();
      // A page that nobody looks at asks for none; the next value that comes does.
      if (!shown || !following || document.hidden || values.peek().every(({ value }) => value === null)) return;
      if (forecast.peek()?.position === shown.position) return;
      const { signal } = following;
      const next = await api.forecast(shown.id, shown.horizon, FAN, signal);
      if (stream.peek()?.id === shown.id) forecast.value = next;
      await wait(FORECAST_PAUSE_MS, signal);
    }
  } catch (thrown) {
    if (!(thrown instanceof Unreachable)) report(thrown);
  } finally {
    forecasting = false;
  }
}

addEventListener("visibilitychange", () => void refreshForecast());

export const nameOf = ({ name, id }: Pick<StreamInfo, "name" | "id">): string => name ?? id.slice(0, 15);
