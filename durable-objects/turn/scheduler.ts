/**
 * Scheduler: the turns that this object computes: new turns, turns whose last attempt paused, and turns that a former
 * instance of the object did not finish. Turns of one head run one after another.
 */
import type { TurnRequest } from "../../src/api/shared/turn.ts";
import { count } from "../../src/core/event-counts.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { encodeAhead, textsOf } from "../../src/dialogue/encode-ahead.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { yieldToEvents } from "../../src/dialogue/round-robin.ts";
import { limits } from "../platform/limits.ts";
import { logFailure } from "../platform/log-failure.ts";
import { HeadLocks, inProgress } from "../platform/turn-lock.ts";
import { cutAhead } from "../recall/brought.ts";
import { LeaseLost } from "../storage/database.ts";
import { Attempt, lost, passing } from "./attempt.ts";
import { type Host, sourceOf } from "./context.ts";
import { placeRequest } from "./place-request.ts";
import { broughtMessages, planAhead, turnIdOf } from "./plan.ts";
import { RunningTurn } from "./running-turn.ts";

const LONGEST_WAIT_MS = 600_000;

export class Scheduler {
  /** What the object lends to its turns. */
  readonly host: Host;
  readonly #running = new Map<string, RunningTurn>();
  /** Turns between request and acceptance. */
  readonly #coming = new Set<string>();
  readonly locks = new HeadLocks();
  /** Turns in a row that could not be taken up. */
  #setbacks = 0;
  /** Times that a conversation was removed: those who waited for their turn find it gone. */
  #removals = 0;

  constructor(host: Host) {
    this.host = host;
  }

  /** Nothing is computed here, and nothing is about to be. */
  get isIdle(): boolean {
    return this.#running.size === 0 && this.#coming.size === 0;
  }

  /** A turn that is not over, as far as this instance knows. */
  get(id: string): RunningTurn | undefined {
    return this.#running.get(id);
  }

  /**
   * Resolves when the turn is accepted and on disk, with the model that computes it. Fails as `served` of the host and
   * `plan` do, with `busy`, or `turn_in_progress`.
   */
  async start(request: TurnRequest, client: AbortSignal): Promise<{ turn: RunningTurn; served: Served }> {
    const id = turnIdOf(request);
    if (this.#coming.has(id)) throw inProgress();
    this.#coming.add(id);
    const before = this.#removals;
    const release = await this.locks.acquire(request.persistent ? request.head : undefined).catch((thrown: unknown) => {
      this.#coming.delete(id);
      throw thrown;
    });
    let forget = () => {};
    let running: RunningTurn | undefined;
    try {
      // Only now: a model that nobody used while this turn waited for the one before it may have made room for another.
      const served = await this.host.served(request);
      const texts = textsOf([...request.messages, ...(request.instructions ?? [])]);
      forget = await encodeAhead(served.codec, texts);
      // Other heads may move during the pauses that follow. What this turn needs of the tree is checked once more when
      // it is accepted.
      const placed = placeRequest(request, served, sourceOf(request, this.host));
      await cutAhead(request.messages, () => broughtMessages(placed));
      const checkThere = () =>
        check(before === this.#removals, "not_found", () => "conversation: it was deleted meanwhile", "conversation");
      checkThere();
      const pause = () => yieldToEvents().then(checkThere);
      const planned = await planAhead(placed, id, served, { pause });
      running = new RunningTurn(id, request.tenant, request.background ?? false);
      running.release = release;
      // Before it is in the journal, so that neither a request nor an alarm takes it for one that was left behind.
      running.attempted();
      this.#running.set(id, running);
      const attempt = await Attempt.first(this.host, running, planned, request, served, client);
      this.#compute(running, attempt);
      count("turn_accepted");
      return { turn: running, served };
    } catch (thrown) {
      release();
      this.#running.delete(id);
      running?.paused();
      throw thrown;
    } finally {
      forget();
      this.#coming.delete(id);
    }
  }

  /** Resumes turns that a former instance or a failure of storage left behind. Called before anything new begins. */
  recover(): void {
    for (const id of this.host.store().journal.running()) if (!this.#running.has(id)) void this.#resume(id);
  }

  /**
   * Resumes, when the alarm rings, every turn that nobody computes. Resolves when this invocation has done its part.
   */
  async proceed(): Promise<void> {
    const running = this.host.store().journal.running();
    await Promise.all(running.map((id) => this.#running.get(id)?.computing || this.#resume(id)));
    if (this.host.store().journal.running().length > 0) this.host.alarms.watch(Date.now() + limits.alarmMs);
  }

  /** Ends as failed every unfinished turn that nobody computes. */
  giveUp(failure: Failure): void {
    for (const id of this.host.store().journal.running()) {
      if (this.#running.get(id)?.computing) continue;
      Attempt.giveUp(this.host.store(), id, failure);
      this.#running.get(id)?.lose(failure);
      this.#over(id);
    }
  }

  /** Stops the turns of a head, those that wait as well, and then does the work, with nothing in between. */
  async without<T>(head: string, work: () => T): Promise<T> {
    this.#removals++;
    for (;;) {
      const { journal } = this.host.store();
      const mine = journal.running().filter((id) => journal.get(id)?.accepted.request.head === head);
      const busy = mine.flatMap((id) => this.#running.get(id) ?? []).filter((running) => running.computing);
      if (busy.length === 0) {
        for (const id of mine) this.#drop(id);
        return work();
      }
      for (const running of busy) running.cancel("now");
      await Promise.all(busy.map((running) => running.until(() => !running.computing)));
    }
  }

  /** Erases a turn that nobody computes, as if it had never been accepted. */
  #drop(id: string): void {
    this.#running.get(id)?.lose(new Failure("not_found", "conversation: it was deleted", { param: "conversation" }));
    this.host.store().journal.forget(id);
    this.#over(id);
  }

  /** Never rejects. */
  async #resume(id: string): Promise<void> {
    const known = this.#running.get(id);
    const entry = this.host.store().journal.get(id);
    const running = known ?? new RunningTurn(id, entry?.accepted.request.tenant ?? "", true);
    this.#running.set(id, running);
    running.attempted();
    try {
      if (!entry) return this.#over(id);
      running.release ??= await this.locks.acquire(entry.accepted.request.head);
      const attempt = await Attempt.next(this.host, running);
      this.#setbacks = 0;
      await this.#compute(running, attempt);
    } catch (thrown) {
      running.paused();
      this.#notTaken(running, thrown);
    }
  }

  /**
   * Tries again after a failure that passes by itself, each time later and not in all objects at once. Any other
   * failure ends the turn.
   */
  #notTaken(running: RunningTurn, thrown: unknown): void {
    const failure = thrown instanceof LeaseLost ? lost : logFailure(thrown);
    const passes = passing.includes(failure.code) || failure.code === "turn_in_progress";
    if (failure !== lost && passes) {
      const waitMs = Math.min((limits.alarmMs / 6) * 2 ** this.#setbacks++, LONGEST_WAIT_MS);
      this.host.alarms.ask(Date.now() + waitMs * (1 + Math.random()));
      return;
    }
    try {
      if (failure !== lost) Attempt.giveUp(this.host.store(), running.id, failure);
    } catch (unwritten) {
      logFailure(unwritten);
    }
    running.lose(failure);
    this.#over(running.id);
  }

  async #compute(running: RunningTurn, attempt: Attempt): Promise<void> {
    const work = attempt.run().finally(() => {
      running.paused();
      if (running.over) this.#over(running.id);
    });
    this.host.ctx.waitUntil(work);
    await work;
  }

  #over(id: string): void {
    const running = this.#running.get(id);
    running?.release?.();
    if (running) this.host.ended(running.tenant, id, running.computed);
    this.#running.delete(id);
  }
}
