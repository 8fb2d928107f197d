/**
 * Invocation: one stretch of a turn's computing, as long as one request or alarm may last, and what its end means.
 *
 * A failure of the model ends the turn. A failure of storage, or the loss of the lease, ends only this stretch: nothing can be said of
 * the turn from here, and whoever holds it next goes on.
 */
import { errorBody } from "../../src/api/shared/error-body.ts";
import { noTimings, type StartEvent } from "../../src/api/shared/turn.ts";
import { callsIn } from "../../src/constrain/reply/announce.ts";
import { count } from "../../src/core/events.ts";
import { check, Failure, type FailureCode } from "../../src/core/failure.ts";
import { metrics } from "../../src/core/metrics.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { admission } from "../model/admission.ts";
import { fault, protects } from "../platform/fault-points.ts";
import { limits } from "../platform/limits.ts";
import { logFailure } from "../platform/log-failure.ts";
import type { Store } from "../storage/conversation-store.ts";
import { LeaseLost } from "../storage/database.ts";
import type { Accepted, PlannedTurn } from "../storage/journal.ts";
import { Turn } from "./compute-turn.ts";
import { type Host, sourceOf, type Work } from "./context.ts";
import { fresh, type Restored, restore } from "./restore-state.ts";
import type { Live } from "./running-turn.ts";
import { failed } from "./turn-record.ts";
import { Budget } from "./work-budget.ts";

/** What passes: another invocation may succeed. */
export const passing: readonly FailureCode[] = [
  "busy",
  "memory_exceeded",
  "storage_unavailable",
  "weights_unavailable",
];
const NOBODY = new AbortController().signal;

export class Invocation {
  readonly #host: Host;
  readonly #work: Work;

  private constructor(host: Host, work: Work) {
    this.#host = host;
    this.#work = work;
  }

  /** Of a new turn. Resolves when it is accepted: its place is taken, its state restored, its row on disk. */
  static async first(
    host: Host,
    live: Live,
    planned: PlannedTurn,
    served: Served,
    client: AbortSignal,
  ): Promise<Invocation> {
    const { accepted, prompt } = planned;
    const store = accepted.request.persistent ? host.store() : undefined;
    const take = async () => {
      const { backend } = served;
      const source = sourceOf(accepted.request, host);
      const restored = await (source ? restore(source, backend, accepted, host.owner) : fresh(backend, host.owner));
      if (restored.missing.length > 0) {
        accepted.origin = "rebuilt";
        count("state_rebuilt");
      }
      accepted.cachedTokens = restored.sequence.position;
      accepted.rebuiltTokens = restored.missing.length;
      return { restored, accepted, prompt: [...prompt], epoch: 1 };
    };
    const work = await enter(host, live, served, store, client, take);
    try {
      if (store && protects("journal")) {
        const { object } = host;
        store.accept(planned, { owner: accepted.request.tenant, object, fingerprint: served.fingerprint });
        host.alarms.ask(Date.now() + limits.alarmMs * (1 + Math.random() / 3));
        await store.database.settled();
        await fault("turn.accepted", host.ctx);
      }
    } catch (thrown) {
      work.place.leave();
      throw thrown;
    }
    return new Invocation(host, work);
  }

  /** Of a turn in the journal. Fails with the lease, or with what passes. */
  static async next(host: Host, live: Live): Promise<Invocation> {
    const store = host.store();
    const served = await host.served();
    const take = async () => {
      const entry = store.journal.take(live.id);
      const { accepted, epoch, ids } = entry;
      const reply = ids.subarray(accepted.promptCount);
      for (let n = live.ids.length; n < reply.length; n++) live.push(reply[n]!, accepted.logprobs?.[n]);
      return {
        restored: await restore(store, served.backend, accepted, host.owner),
        accepted,
        prompt: [...ids.subarray(0, accepted.promptCount)],
        epoch,
      };
    };
    const work = await enter(host, live, served, store, NOBODY, take);
    count("turn_resumed");
    return new Invocation(host, work);
  }

  /** A turn that nobody will compute any more. */
  static giveUp(store: Store, id: string, failure: Failure): void {
    const { accepted, epoch, ids } = store.journal.take(id);
    const reply = [...ids.subarray(accepted.promptCount)];
    const turn = failed(accepted, reply, errorBody(failure).error);
    store.commit(turn, epoch, ids, undefined);
    count("turn_failed");
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { accepted, served, place } = this.#work;
    const beganMs = Date.now();
    try {
      const { attempts } = accepted;
      const message = () => `given up after ${limits.attempts} attempts without progress`;
      check(attempts <= limits.attempts, "bug", message);
      const changed = "the model has changed since this turn began";
      check(accepted.fingerprint === served.fingerprint, "model_changed", () => changed);
      const outcome = await new Turn(this.#work).run();
      if (outcome === "paused") this.#host.alarms.ask(Date.now());
    } catch (thrown) {
      await this.#failed(thrown);
    } finally {
      if (protects("release")) place.leave();
      metrics.objectSeconds.add((Date.now() - beganMs) / 1000);
    }
  }

  async #failed(thrown: unknown): Promise<void> {
    const { live, accepted, prompt, epoch, store } = this.#work;
    if (thrown instanceof LeaseLost) {
      count("lease_lost");
      return live.lose(lost);
    }
    const failure = logFailure(thrown);
    if (store && passing.includes(failure.code)) return live.lose(goesOn(failure));
    const { error } = errorBody(failure);
    try {
      const turn = failed(accepted, live.ids, error);
      store?.commit(turn, epoch, Uint32Array.from([...prompt, ...live.ids]), undefined);
      await store?.database.settled();
    } catch (unwritten) {
      return live.lose(unwritten instanceof LeaseLost ? lost : logFailure(unwritten));
    }
    count("turn_failed");
    live.end({ type: "failed", index: live.ids.length + 1, error });
  }
}

/** "Try again" alone would make two turns of one. */
const goesOn = ({ code, message, cause }: Failure): Failure =>
  new Failure(
    code,
    `${message}; this turn is kept and will be finished: repeat it with its Idempotency-Key, or it is a second turn`,
    { cause },
  );

export const lost = new Failure(
  "storage_unavailable",
  "this turn goes on elsewhere; resume its stream from the last id",
);

/**
 * Waits for a place in the engine, brings a turn's state in, and lets its readers know that it begins. `take` gives the turn and its state,
 * once there is a place. Fails with `busy`, and as `take` does.
 */
async function enter(
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
    const { recallTokens = 0, recallMs = 0 } = accepted;
    const recall = { recall_tokens: recallTokens, recall_ms: recallMs };
    const waited = { ...recall, queue_ms: enteredMs - queuedMs, load_ms: Date.now() - enteredMs };
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
  { id, parent, createdMs, request, fingerprint, origin, recalled }: Accepted,
  kept: boolean,
): StartEvent {
  const calls = callsIn(request);
  return {
    ...{ type: "start", createdMs, model: request.model, fingerprint, state: origin },
    key: `${kept ? object : NOTHING}${id}`,
    ...(calls ? { calls } : {}),
    ...(recalled ? { recalled } : {}),
    ...(kept ? { place: { conversation: request.conversation ?? null, turn: id, parent } } : {}),
  };
}
