/** enter: waits for a place in the engine, brings a turn's state in, and lets its readers know that it begins. */
import { noTimings, type StartEvent } from "../../src/api/shared/turn.ts";
import { callsIn } from "../../src/constrain/reply/announce.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { admission } from "../model/admission.ts";
import type { Store } from "../storage/conversation-store.ts";
import type { Accepted } from "../storage/journal.ts";
import type { Work } from "./compute-turn.ts";
import type { Restored } from "./restore-state.ts";
import type { Live } from "./running-turn.ts";
import type { Host } from "./scheduler.ts";
import { Budget } from "./work-budget.ts";

/** `take` gives the turn and its state, once there is a place. Fails with `busy`, and as `take` does. */
export async function enter(
  host: Host,
  live: Live,
  served: Served,
  store: Store | undefined,
  client: AbortSignal,
  take: () => Promise<{ restored: Restored; accepted: Accepted; prompt: number[]; epoch: number }>,
): Promise<Work> {
  const queuedMs = Date.now();
  const place = await admission.enter(host.owner, client);
  try {
    const enteredMs = Date.now();
    const taken = await take();
    const { accepted, restored } = taken;
    place.hold(restored.sequence);
    const waited = { queue_ms: enteredMs - queuedMs, load_ms: Date.now() - enteredMs };
    const timings = { ...noTimings, ...waited, state: accepted.origin, rebuilt_tokens: accepted.rebuiltTokens };
    live.start = startOf(host, accepted, store !== undefined);
    live.changed();
    const budget = new Budget(served.backend, served.manifest.parameters, accepted.attempts);
    return { ...taken, live, served, store, place, budget, timings, ctx: host.ctx };
  } catch (thrown) {
    place.leave();
    throw thrown;
  }
}

const NOTHING = "0".repeat(32);

/** A turn of which nothing is kept names no object. */
function startOf(
  { object }: Host,
  { id, parent, createdMs, request, fingerprint, origin }: Accepted,
  kept: boolean,
): StartEvent {
  const calls = callsIn(request);
  return {
    ...{ type: "start", createdMs, model: request.model, fingerprint, state: origin },
    key: `${kept ? object : NOTHING}${id}`,
    ...(calls ? { calls } : {}),
    ...(kept ? { place: { conversation: request.conversation ?? null, turn: id, parent } } : {}),
  };
}
