/** What a person does with streams: begins them, feeds them, takes back, copies, saves, loads and removes. */
import { Unreachable } from "../src/client/server.ts";
import type { GivenValue, StreamOptions } from "../src/client/streams.ts";
import { download } from "./download.ts";
import { BATCH_MAX } from "./given-values.ts";
import { madeUpValues } from "./made-up.ts";
import { attempt, spoken } from "./store.ts";
import {
  api,
  madeUp,
  nameOf,
  refreshForecast,
  showStream,
  showStreams,
  stopFollowing,
  stream,
  values,
} from "./streams.ts";

const MADE_UP_FIRST = 240;
const MADE_UP_EVERY_MS = 1000;
const MADE_UP_SECONDS = 24 * 3600;

export const beginStream = (options: StreamOptions): Promise<void> =>
  attempt(async () => {
    const { id } = await api.create(options);
    void showStream(id);
  });

/** Begins one that this page feeds itself, as long as it is shown. */
export const beginMadeUp = (): Promise<void> =>
  attempt(async () => {
    const { id } = await api.create({ name: "Made-up press", horizon: 24, ttl_seconds: MADE_UP_SECONDS });
    const source = madeUpValues();
    await api.feed(
      id,
      Array.from({ length: MADE_UP_FIRST }, () => source.next().value),
    );
    madeUp.value = id;
    void showStream(id);
    while (madeUp.peek() === id) {
      await new Promise((resolve) => setTimeout(resolve, MADE_UP_EVERY_MS));
      if (madeUp.peek() !== id) return;
      // A server that is away misses a value of no worth.
      await api.feed(id, [source.next().value]).catch((thrown) => {
        if (thrown instanceof Unreachable) return;
        madeUp.value = null;
        throw thrown;
      });
    }
  });

/** Feeds them in as many requests as it takes. What has been fed before one is refused stays. */
export async function feed(given: readonly GivenValue[]): Promise<boolean> {
  const shown = stream.peek();
  if (!shown || given.length === 0) return false;
  let isTaken = false;
  await attempt(async () => {
    let taken = 0;
    for (let i = 0; i < given.length; i += BATCH_MAX) {
      const once = crypto.randomUUID();
      const reply = await api.feed(shown.id, given.slice(i, i + BATCH_MAX), { once });
      taken += reply.values.length;
      if (given.length > BATCH_MAX) spoken.value = `${taken} of ${given.length} values`;
    }
    spoken.value = taken === 1 ? "One value is taken." : `${taken} values are taken.`;
    isTaken = true;
  });
  return isTaken;
}

/** A copy for values that did not happen; it is shown. */
export const whatIf = (): Promise<void> =>
  attempt(async () => {
    const shown = stream.peek()!;
    const { id } = await api.fork(shown.id, { name: `What if: ${nameOf(shown)}`.slice(0, 128) });
    void showStream(id);
  });

/** Takes the last value back. */
export const takeBack = (): Promise<void> =>
  attempt(async () => {
    const shown = stream.peek()!;
    stream.value = await api.rewind(shown.id, shown.position - 1);
    values.value = values.peek().filter(({ position }) => position < shown.position - 1);
    spoken.value = "The last value is taken back.";
    void refreshForecast();
  });

export const saveStream = (): Promise<void> =>
  attempt(async () => {
    const shown = stream.peek()!;
    download(await api.export(shown.id), `${shown.name?.replaceAll(/[^\w.-]+/g, "-") || shown.id}.rivulet`);
  });

export const loadStream = (file: File): Promise<void> =>
  attempt(async () => {
    const { id } = await api.import(file);
    void showStream(id);
  });

export const removeStream = (id: string): Promise<void> =>
  attempt(async () => {
    stopFollowing();
    await api.delete(id);
    await showStreams();
  });
