/**
 * TurnComputation: computes an accepted turn, from wherever its state stands, for as long as one invocation may.
 *
 * It ends with a commit, or pauses with a checkpoint from which the next invocation goes on to the same tokens. The
 * state is in the engine's memory meanwhile; what a commit leaves there is a warm state (model/warm-states.ts).
 */
import type { FinishReason } from "../../src/api/shared/turn.ts";
import { isCheckedLater } from "../../src/constrain/check/reply-check.ts";
import { check } from "../../src/core/failure.ts";
import { reply, slices, type TokenLogprob, yieldToEvents } from "../../src/dialogue/reply.ts";
import { roundRobin } from "../../src/dialogue/round-robin.ts";
import { Sampler } from "../../src/sampling/sampler.ts";
import { keepPrelude } from "../model/prelude-state.ts";
import { fault } from "../platform/fault-points.ts";
import { limits } from "../platform/limits.ts";
import { joinedIds } from "../storage/database.ts";
import type { AttemptContext } from "./context.ts";
import { checkAtOnce, checkForm, loggedToken, replyOptions } from "./reply-options.ts";
import { restore } from "./restore-state.ts";
import { TurnWriter } from "./turn-writer.ts";

export class TurnComputation {
  readonly #work: AttemptContext;
  readonly #sampler: Sampler;
  readonly #writer: TurnWriter;
  #isSchemaChecked = false;

  constructor(work: AttemptContext) {
    const { accepted, restored, served } = work;
    this.#work = work;
    // The seed began the generator once; a checkpoint has the generator as it went on.
    const seed = restored.own ? undefined : (accepted.seed ?? undefined);
    const { backend } = served;
    this.#sampler = new Sampler(backend.vocab, restored.sampler, seed, backend.lend?.bind(backend));
    this.#writer = new TurnWriter(work, this.#sampler);
  }

  /** Fails as the model and the storage do, with the lease, and with `busy` when the memory slot was taken back. */
  async run(): Promise<"ended" | "paused"> {
    const { accepted, running, ctx } = this.#work;
    await fault("turn.begin", ctx);
    const outcome = accepted.settling ?? (await this.#rebuild()) ?? (await this.#generate());
    if (outcome === "paused" || (await this.#settle(outcome)) === "paused") {
      await this.#writer.checkpoint("pause");
      return "paused";
    }
    await this.#writer.commit(running.cancelled ? "cancelled" : outcome, this.#isSchemaChecked);
    return "ended";
  }

  /**
   * Computes the state that is kept of a turn with instructions, which hold for its request only: from the
   * state before the turn, with what lasts of its prompt and the reply, read at the speed of a prompt.
   * Nothing to do for other turns.
   */
  async #settle(reason: FinishReason): Promise<"settled" | "paused"> {
    const { accepted, prompt, served, running, slot, store, budget, timings } = this.#work;
    const { lasting, start, parent } = accepted;
    if (!lasting || !store || running.ids.length === 0) return "settled";
    const beganMs = Date.now();
    if (!accepted.settling) {
      this.#work.restored.sequence.release();
      const now = { ...accepted, settling: reason };
      const restored = await restore(store, served.backend, now, prompt, slot, { ownCheckpoint: false });
      this.#work.restored = restored;
      slot.computes(restored.sequence, running.tenant);
      this.#work.accepted = now;
    }
    const { sequence } = this.#work.restored;
    const { position } = sequence;
    // As after any turn, the last token of the reply is read with the next one.
    const own = [...lasting, ...running.ids].slice(0, -1);
    const before = position < start ? [...store.tree.ids(parent, position, start)] : [];
    const feed = [...before, ...own.slice(Math.max(0, position - start))];
    for (const { slice, done, isEnd } of this.#slices(feed)) {
      await roundRobin(served.backend).forward(sequence, slice, "none", { left: feed.length - done });
      if (isEnd) sequence.round?.();
      slot.beat();
      timings.settle_tokens = (timings.settle_tokens ?? 0) + slice.length;
      budget.spend(slice.length);
      if (budget.spent && sequence.position < position + feed.length) break;
      if (budget.checkpointDue) await this.#writer.checkpoint();
      await yieldToEvents();
    }
    timings.settle_ms = (timings.settle_ms ?? 0) + Date.now() - beganMs;
    return sequence.position < position + feed.length ? "paused" : "settled";
  }

  /** Computes again the part of the token log that the restored state lacks. */
  async #rebuild(): Promise<"paused" | "cancelled" | undefined> {
    const { accepted, served, restored, prompt, running, slot, store, budget, timings } = this.#work;
    const { missing, pending } = restored;
    if (missing.length === 0) return undefined;
    const feed = pending.length + prompt.length;
    if (!store) checkAtOnce(missing.length + feed, budget.tokensLeft);
    const { rebuiltTokens } = accepted;
    const beganMs = Date.now();
    const before = timings.rebuild_ms ?? 0;
    const from = restored.sequence.position;
    for (const { slice, done, isEnd } of this.#slices([...missing])) {
      if (running.cancelled) {
        if (restored.sequence.position > from) await this.#writer.leaveRebuilt();
        return "cancelled";
      }
      await roundRobin(served.backend).forward(restored.sequence, slice, "none", {
        left: missing.length - done + feed,
      });
      if (isEnd) restored.sequence.round?.();
      slot.beat();
      timings.rebuild_ms = before + Date.now() - beganMs;
      budget.spend(slice.length);
      running.prefilled(rebuiltTokens - missing.length + done, rebuiltTokens + feed);
      running.changed();
      if (budget.spent && store) return "paused";
      if (budget.checkpointDue) await this.#writer.checkpoint();
      await yieldToEvents();
    }
    // What would cost a checkpoint to lose is not lost either where the client leaves while its own prompt is read.
    if (running.cancelled || rebuiltTokens >= limits.checkpointTokens) await this.#writer.leaveRebuilt();
    return undefined;
  }

  /**
   * Slices of ids that go on from where the restored state stands. `isEnd` says that an earlier turn has ended with the
   * slice and has left its state rounded.
   */
  *#slices(ids: number[]): Generator<{ slice: Uint32Array; done: number; isEnd: boolean }> {
    const { restored, served } = this.#work;
    const from = restored.sequence.position;
    let at = 0;
    for (const end of [...restored.ends.map((position) => position - from), undefined]) {
      const part = ids.slice(at, end);
      for (const { slice, done, last } of slices(part, served.backend.sliceTokens))
        yield { slice, done: at + done, isEnd: last && end !== undefined };
      at += part.length;
    }
  }

  async #generate(): Promise<FinishReason | "paused"> {
    const { accepted, prompt, restored, running, timings } = this.#work;
    const { start, promptCount, cachedTokens, rebuiltTokens } = accepted;
    if (running.cancelled) return "cancelled";
    const feed = joinedIds(restored.pending, prompt);
    const beganMs = Date.now();
    running.prefilled(rebuiltTokens, rebuiltTokens + feed.length);
    let prefilledMs = beganMs;
    try {
      return await this.#run(feed, () => {
        prefilledMs = Date.now();
      });
    } finally {
      timings.prefill_ms += prefilledMs - beganMs;
      timings.decode_ms += Date.now() - prefilledMs;
      timings.prefill_tokens = start + promptCount - cachedTokens - rebuiltTokens;
      timings.decode_tokens = running.ids.length;
    }
  }

  async #run(feed: Uint32Array, prefilled: () => void): Promise<FinishReason | "paused"> {
    const { accepted, restored, cached, served, running, slot, store, budget, ctx } = this.#work;
    const { sequence, pending } = restored;
    let fed = Math.max(0, sequence.position - (accepted.start - pending.length));
    // Whether this isolate has the prelude's state changes nothing of what may be asked.
    if (!store) checkAtOnce(feed.length - fed + restored.prelude, budget.tokensLeft);
    budget.spend(restored.prelude);
    const known = running.ids.slice(0, Math.max(0, fed - feed.length + 1));
    let tokens = known.length;
    const { prelude = 0 } = accepted;
    const options = { ...(await replyOptions(accepted, served)), prelude };
    running.isRefusable = isCheckedLater(options.constraint?.schemas ?? []);
    for await (const event of reply(served, sequence, this.#sampler, feed, options, { fed, reply: known })) {
      slot.beat();
      if (event.type === "end") {
        if (event.reason === "stop")
          this.#isSchemaChecked = await checkForm(running.ids, accepted.request, served, options.constraint?.schemas);
        return event.reason;
      }
      if (event.type === "prefill") {
        prefilled();
        budget.spend(event.done - fed);
        fed = event.done;
        running.prefilled(accepted.rebuiltTokens + event.done, accepted.rebuiltTokens + event.total);
        running.changed();
        if (running.cancelled) return "cancelled";
        if (sequence.position === prelude) await keepPrelude(served.backend, sequence);
        await cached?.reached(sequence);
        // The logits of the last slice are nowhere but here: a token must come before anything can be kept.
        if (event.done === event.total) continue;
      } else {
        this.#take(++tokens, event.id, event.logprobs);
        budget.spend(1);
        await fault("turn.token", ctx);
        await running.room();
        slot.beat();
        if (running.cancelled) return "cancelled";
      }
      if (budget.spent) return store ? "paused" : "length";
      if (budget.checkpointDue) await this.#writer.checkpoint();
    }
    return "length";
  }

  /** Takes a token. One that readers have seen already, from an earlier attempt, must come again. */
  #take(n: number, id: number, logprob: TokenLogprob | undefined): void {
    const { running, served } = this.#work;
    const known = running.ids[n - 1];
    if (known === undefined) running.push(id, logprob && loggedToken(logprob, served));
    else check(known === id, "bug", () => `token ${n} was ${known}, computed again it is ${id}`);
  }
}
