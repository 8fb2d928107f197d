/**
 * Attempt: one go at computing a turn, as long as one request or alarm may last, and what its end means.
 *
 * A failure of the model ends the turn. A failure of storage, or the loss of the lease, ends only this attempt: nothing
 * can be said of the turn from here, and whoever holds it next goes on.
 */
import { errorBody } from "../../src/api/shared/error-body.ts";
import { NO_OBJECT } from "../../src/api/shared/ids.ts";
import { noTimings, type StartEvent, type TurnRequest } from "../../src/api/shared/turn.ts";
import { callsIn } from "../../src/constrain/reply/announce.ts";
import { count } from "../../src/core/event-counts.ts";
import { check, Failure, type FailureCode } from "../../src/core/failure.ts";
import { metrics } from "../../src/core/metrics.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { admissionFor } from "../model/admission.ts";
import type { MemorySlot } from "../model/memory-slot.ts";
import { fault, protects } from "../platform/fault-points.ts";
import { limits } from "../platform/limits.ts";
import { logFailure } from "../platform/log-failure.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import { joinedIds, LeaseLost } from "../storage/database.ts";
import type { Accepted, PlannedTurn } from "../storage/journal.ts";
import { isOtherPacks } from "./another-pack.ts";
import { CachedPrompt } from "./cached-prompt.ts";
import { TurnComputation } from "./compute-turn.ts";
import { type AttemptContext, type Host, sourceOf } from "./context.ts";
import { checkGranted } from "./reply-options.ts";
import { begunWith, fresh, restore } from "./restore-state.ts";
import type { RunningTurn } from "./running-turn.ts";
import { failed } from "./turn-record.ts";
import { WorkBudget } from "./work-budget.ts";

/** Failures that pass by themselves: another attempt may succeed. */
export const passing: readonly FailureCode[] = [
  "busy",
  "memory_exceeded",
  "storage_unavailable",
  "weights_unavailable",
];
const NOBODY = new AbortController().signal;

export class Attempt {
  readonly #host: Host;
  readonly #work: AttemptContext;

  private constructor(host: Host, work: AttemptContext) {
    this.#host = host;
    this.#work = work;
  }

  /**
   * Begins a new turn. Resolves when it is accepted: it has its memory slot, its state is
   * restored, and its row is on disk.
   */
  static async first(
    host: Host,
    running: RunningTurn,
    planned: PlannedTurn,
    request: TurnRequest,
    served: Served,
    client: AbortSignal,
  ): Promise<Attempt> {
    const store = request.persistent ? host.store() : undefined;
    const take = async (slot: MemorySlot) => {
      const { backend } = served;
      const source = sourceOf(request, host);
      const cached = await cachedPrompt(host, served, planned);
      const restored = await (cached?.begun
        ? begunWith(cached.begun)
        : source
          ? restore(source, backend, planned.accepted, planned.prompt, slot)
          : fresh(backend, planned.prompt, planned.accepted.prelude ?? 0, host.owner));
      const isRebuilt = restored.missing.length > 0;
      if (isRebuilt) count("state_rebuilt");
      if (planned.accepted.recalled?.length) countRecalled(planned.accepted);
      // What the template says by itself saves time and counts as read: no request of its caller's left it.
      const position = restored.sequence.position - restored.prelude;
      const fed = planned.accepted.start + planned.accepted.promptCount - position;
      const { grantedTokens: granted } = request;
      const accepted: Accepted = {
        ...planned.accepted,
        ...(granted === undefined ? {} : { grantedReply: granted - fed }),
        ...(isRebuilt ? { origin: "rebuilt" } : cached?.begun ? { origin: "resumed" } : {}),
        cachedTokens: position,
        rebuiltTokens: restored.missing.length,
        ...(isRebuilt && isOtherPacks(source!, planned.accepted) ? { rebuiltBecause: "model_changed" } : {}),
      };
      return { restored, accepted, prompt: planned.prompt, epoch: 1, ...(cached ? { cached } : {}) };
    };
    const resumes = planned.accepted.parent !== null;
    const work = await enter(host, running, served, store, request, client, take, resumes);
    try {
      const { start, promptCount, cachedTokens } = work.accepted;
      checkGranted(start + promptCount - cachedTokens + (request.feedOnly ? 0 : 1), request.grantedTokens);
      if (store && protects("journal")) {
        const { object } = host;
        store.accept(
          { ...planned, accepted: work.accepted },
          { owner: request.tenant, object, fingerprint: served.fingerprint },
        );
        host.alarms.watch(Date.now() + limits.alarmMs * (1 + Math.random() / 3));
        await store.database.written();
        await fault("turn.accepted", host.ctx);
      }
    } catch (thrown) {
      leave(work);
      throw thrown;
    }
    return new Attempt(host, work);
  }

  /** Resumes a journalled turn. Throws `LeaseLost`, or a failure that passes by itself. */
  static async next(host: Host, running: RunningTurn): Promise<Attempt> {
    const store = host.store();
    const served = await host.served();
    const take = async (slot: MemorySlot) => {
      const entry = store.journal.take(running.id);
      const { accepted, epoch, ids } = entry;
      const prompt = ids.subarray(0, accepted.promptCount);
      const reply = ids.subarray(accepted.promptCount);
      for (let n = running.ids.length; n < reply.length; n++) running.push(reply[n]!, accepted.logprobs?.[n]);
      // What another pack has begun is ended by `run`, and nothing that it left is loaded for that.
      const isForeign = accepted.fingerprint !== served.fingerprint;
      return {
        restored: isForeign
          ? await fresh(served.backend, prompt, 0, host.owner)
          : await restore(store, served.backend, accepted, prompt, slot),
        accepted,
        prompt,
        epoch,
      };
    };
    const request = store.journal.get(running.id)?.accepted.request;
    const work = await enter(host, running, served, store, request, NOBODY, take);
    count("turn_resumed");
    return new Attempt(host, work);
  }

  /** Ends a journalled turn as failed, since no attempt at it will follow. */
  static giveUp(store: ConversationStore, id: string, failure: Failure): void {
    const { accepted, epoch, ids } = store.journal.take(id);
    const reply = [...ids.subarray(accepted.promptCount)];
    const turn = failed(accepted, reply, errorBody(failure).error);
    store.commit(turn, epoch, ids, undefined);
    count("turn_failed");
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { accepted, served } = this.#work;
    const beganMs = Date.now();
    try {
      const { attempts } = accepted;
      const message = () => `given up after ${limits.attempts} attempts without progress`;
      check(attempts <= limits.attempts, "bug", message);
      const changed =
        "the server was started with another version of the model before this turn had ended, which does not go on with what the other had drawn; send the request again (with another Idempotency-Key)";
      check(accepted.fingerprint === served.fingerprint, "model_changed", () => changed);
      const outcome = await new TurnComputation(this.#work).run();
      if (outcome === "paused") this.#host.alarms.ask(Date.now());
    } catch (thrown) {
      await this.#failed(thrown);
    } finally {
      leave(this.#work);
      metrics.objectSeconds.add((Date.now() - beganMs) / 1000);
    }
  }

  async #failed(thrown: unknown): Promise<void> {
    const { running, accepted, prompt, epoch, store } = this.#work;
    if (thrown instanceof LeaseLost) {
      count("lease_lost");
      return running.lose(lost);
    }
    const failure = logFailure(thrown);
    if (store && passing.includes(failure.code)) return running.lose(goesOn(failure));
    const { error } = errorBody(failure);
    try {
      const turn = failed(accepted, running.ids, error);
      store?.commit(turn, epoch, joinedIds(prompt, running.ids), undefined);
      await store?.database.written();
    } catch (unwritten) {
      return running.lose(unwritten instanceof LeaseLost ? lost : logFailure(unwritten));
    }
    count("turn_failed");
    running.end({ type: "failed", index: running.ids.length + 1, error });
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
 * Waits for a memory slot, brings a turn's state in, and lets its readers know that it begins. `take` gives the turn
 * and its state, once there is one. Fails with `busy`, and as `take` does.
 */
async function enter(
  host: Host,
  running: RunningTurn,
  served: Served,
  store: ConversationStore | undefined,
  request: TurnRequest | undefined,
  client: AbortSignal,
  take: (slot: MemorySlot) => Promise<Pick<AttemptContext, "restored" | "accepted" | "prompt" | "epoch" | "cached">>,
  resumes = false,
): Promise<AttemptContext> {
  const queuedMs = Date.now();
  const asker = { owner: host.owner, tenant: running.tenant, patient: request?.feedOnly ?? false, resumes };
  const slot = await admissionFor(served).enter(asker, client);
  try {
    const enteredMs = Date.now();
    const taken = await take(slot);
    const { accepted, restored } = taken;
    slot.computes(restored.sequence, running.tenant);
    const { recallTokens = 0, recallMs = 0, spent = noTimings } = accepted;
    const recall = { recall_tokens: recallTokens, recall_ms: recallMs };
    const waited = {
      queue_ms: spent.queue_ms + enteredMs - queuedMs,
      load_ms: spent.load_ms + Date.now() - enteredMs,
    };
    const { origin, rebuiltTokens, rebuiltBecause } = accepted;
    const rebuilt = { rebuilt_tokens: rebuiltTokens, ...(rebuiltBecause ? { rebuilt_because: rebuiltBecause } : {}) };
    const timings = { ...spent, ...recall, ...waited, state: origin, ...rebuilt };
    running.begin(startOf(host, accepted, store !== undefined));
    const budget = new WorkBudget(served.backend, served.manifest.parameters, {
      attempts: accepted.attempts,
      pauses: store !== undefined,
    });
    return { ...taken, running, served, store, slot, budget, timings, ctx: host.ctx };
  } catch (thrown) {
    leave({ running, store, slot });
    throw thrown;
  }
}

/**
 * Gives back what an attempt has while it lasts: its memory slot, and the rows that its state has in common with
 * the one that it was read from.
 */
function leave({ running, store, slot }: Pick<AttemptContext, "running" | "store" | "slot">): void {
  if (protects("release")) slot.leave();
  store?.pieces.release(running.id);
}

/**
 * What a turn without a past shares with earlier prompts of its tenant. A conversation keeps the end of its prompt
 * itself and gives only what others are likely to begin with; a single response, as many clients leave one of every
 * call, is gone on from nowhere else. Either takes what it left with it when it is deleted.
 */
async function cachedPrompt(
  { env, object }: Host,
  served: Served,
  { accepted, prompt, opening }: PlannedTurn,
): Promise<CachedPrompt | undefined> {
  const { request, parent, start, prelude = 0 } = accepted;
  if (parent !== null || start > 0 || request.feedOnly) return undefined;
  const { persistent, head, conversation, tenant } = request;
  const keeps = persistent && (head !== undefined || conversation !== undefined) ? "shared" : "all";
  const giving = { keeps, ...(persistent ? { owner: object } : {}) } as const;
  return CachedPrompt.find(env, tenant, served, { ids: prompt, prelude, opening }, giving);
}

function countRecalled({ recalled = [], recallTokens = 0 }: Accepted): void {
  metrics.recalledTurns.add();
  metrics.recalledLines.add(recalled.length);
  metrics.recalledTokens.add(recallTokens);
}

/** The first event of a turn. Where nothing of the turn is kept, its id names no object. */
function startOf(
  { object }: Host,
  { id, parent, createdMs, request, fingerprint, origin, recalled, start, promptCount, cachedTokens }: Accepted,
  kept: boolean,
): StartEvent {
  const calls = callsIn(request);
  return {
    type: "start",
    createdMs,
    model: request.model,
    fingerprint,
    state: origin,
    key: `${kept ? object : NO_OBJECT}${id}`,
    ...(calls ? { calls } : {}),
    ...(recalled ? { recalled } : {}),
    promptTokens: start + promptCount,
    cachedTokens,
    ...(kept ? { reference: { conversation: request.conversation ?? null, turn: id, parent } } : {}),
  };
}
