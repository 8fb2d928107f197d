/**
 * stream-life: how a stream begins, how long it stays, and how everything of it goes. Whoever calls
 * these holds the object's lock.
 */
import type { StreamView } from "../../src/api/streams/replies.ts";
import { liveSequences } from "./live-sequences.ts";
import type { StreamParts } from "./stream-parts.ts";
import { isExpired } from "./stream-record.ts";
import { streamView } from "./stream-replies.ts";
import { type Commit, noSuchStream, type StreamRecord } from "./stream-store.ts";
import type { OpenStream } from "./timeline.ts";

export async function beginStream(
  parts: StreamParts,
  tenant: string,
  begun: Pick<Commit, "record" | "tail" | "kept">,
): Promise<StreamView> {
  const { stored, reports } = parts;
  const open = stored.commit(tenant, begun);
  const { record } = open;
  await watchExpiry(parts, record);
  const view = viewOf(parts, open);
  await reports.publish(tenant, record, view);
  await reports.publishSize(tenant);
  return view;
}

/** Fails with `not_found`; then nothing is left of a stream that has expired. */
export async function openStream(parts: StreamParts, tenant: string): Promise<OpenStream> {
  const open = await parts.stored.read(tenant);
  if (!open) throw noSuchStream();
  if (!isExpired(open.record)) return open;
  await removeStream(parts, tenant, open);
  throw noSuchStream();
}

export const viewOf = ({ timeline, store }: StreamParts, open: OpenStream): StreamView =>
  streamView(open.record, timeline.past(open).rewindable, store.stateBytes());

export async function watchExpiry(
  { alarms }: StreamParts,
  { ttlSeconds, changedMs }: Pick<StreamRecord, "ttlSeconds" | "changedMs">,
): Promise<void> {
  if (ttlSeconds === null) return;
  // One that rings too early looks again: cheaper than a row with every batch.
  await alarms.atLatest(changedMs + 1000 * ttlSeconds);
}

/** The alarm rang: the stream has expired, or is watched further. */
export async function expire(parts: StreamParts): Promise<void> {
  const owner = parts.store.owner();
  const open = owner === undefined ? undefined : await parts.stored.read(owner);
  if (owner === undefined || !open) return;
  if (isExpired(open.record)) await removeStream(parts, owner, open);
  else await watchExpiry(parts, open.record);
}

export async function removeStream(parts: StreamParts, tenant: string, open: OpenStream): Promise<void> {
  const { ctx, owner, store, stored, reports, alarms, listeners } = parts;
  const { record } = open;
  if (record.ledger) {
    // Whatever ends this before the database is gone must not leave a stream without its last values.
    if (open.owed > 0) stored.commit(tenant, open);
    await ctx.storage.sync();
    await stored.eraseOwed(tenant);
  }
  // While its row is there a deletion that was cut off comes again, by alarm or by request; afterwards nobody would
  // take its name out of the list.
  await reports.publishRemoval(tenant, record);
  liveSequences.drop(owner);
  listeners.end();
  stored.forget();
  alarms.rang();
  await ctx.storage.deleteAlarm();
  await ctx.storage.deleteAll();
  store.forget();
  await reports.publishNoSize(tenant);
}
