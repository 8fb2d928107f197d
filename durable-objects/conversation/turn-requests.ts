/** TurnRequests: what clients may ask of a single turn: to make it, to see it, to cancel it, to delete it. */
import { encoderFor } from "../../src/api/encoders.ts";
import { MAIN, NO_OBJECT, newTurnId } from "../../src/api/shared/ids.ts";
import { noTimings, type ReplyForm, type ReplyObject, type TurnRequest } from "../../src/api/shared/turn.ts";
import { count } from "../../src/core/events.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { fingerprintOf, servesOne } from "../model/served-model.ts";
import { inProgress } from "../platform/keyed-lock.ts";
import { dropPrompts } from "../prompt-cache/prompt-cache-client.ts";
import { type ReplyContext, soFar, streamed, whole } from "../reply/http-reply.ts";
import { knownTurn } from "../reply/turn-events.ts";
import { newHead, used } from "../storage/heads.ts";
import { checkSame, digestOf } from "../storage/idempotency.ts";
import { noSuchResponse } from "../storage/turn-tree.ts";
import { batch, isBatch } from "../turn/batch.ts";
import { type Host, isThrownAway, sourceOf } from "../turn/context.ts";
import { plan, turnIdOf } from "../turn/plan.ts";
import { type KnownTurn, RunningTurn } from "../turn/running-turn.ts";
import type { Scheduler } from "../turn/scheduler.ts";
import { unansweredTurn } from "./head-actions.ts";
import { eraseAll } from "./removal.ts";
import { SharedPrefix } from "./shared-prefix.ts";

export class TurnRequests {
  readonly #host: Host;
  readonly #scheduler: Scheduler;

  constructor(host: Host, scheduler: Scheduler) {
    this.#host = host;
    this.#scheduler = scheduler;
  }

  /** Accepts and runs a turn; with a key that was seen, gives what came of it. */
  async post(asked: TurnRequest, client: AbortSignal): Promise<Response> {
    const { reply: form, background, persistent } = asked;
    encoderFor(form);
    if (isBatch(asked)) return this.#batch(asked, client);
    if (persistent) {
      this.#open(asked);
      await this.#settleModel(asked);
    }
    const request = asked.inheritsTools ? this.#withTools(asked) : asked;
    // Before the turn begins: what fails after that would leave it running for nobody.
    const served = await this.#host.served(request);
    const repeated = persistent ? this.#repeated(request) : undefined;
    if (persistent) this.#scheduler.recover();
    if (persistent && !repeated) await this.#begin(request);
    if (isThrownAway(request)) this.#openThere(request);
    else if (!persistent && request.prefix !== undefined) await this.#visit(request);
    if (request.generate === false) return this.#hold(request, client);
    const turn = repeated ?? (await this.#scheduler.start(request, client));
    if (repeated?.last) this.#host.ended(request.tenant, turnIdOf(request), 0);
    const context = { turn, request, form, served, client };
    if (form.stream) return this.#stream(context);
    return background && !turn.last ? soFar(context, 202) : whole(context);
  }

  /** Tokens that a turn would read, those of the kept state too. Computes and keeps nothing. Fails as a turn would, but for its length. */
  async count(request: TurnRequest): Promise<{ tokens: number }> {
    const { database } = this.#host.store();
    if (request.persistent || isThrownAway(request)) this.#openThere(request);
    else if (request.prefix !== undefined) await this.#visit(request);
    const source = database.exists ? sourceOf(request, this.#host) : undefined;
    const { accepted } = plan(request, newTurnId(), await this.#host.served(request), source, { isCounted: true });
    return { tokens: accepted.start + accepted.promptCount };
  }

  /** The request with the tools of the turn that it continues. */
  #withTools(request: TurnRequest): TurnRequest {
    const { tools } =
      (request.parent == null ? undefined : this.#host.store().tree.turn(request.parent))?.request ?? {};
    return tools ? { ...request, tools } : request;
  }

  /** Opens the conversation. A request that names a turn or a fork begins none: it fails with `not_found` where that is not there. */
  #open({ parent, head = MAIN }: TurnRequest): void {
    const { database } = this.#host.store();
    if (!database.exists) {
      if (typeof parent === "string") throw noSuchResponse();
      check(head === MAIN, "not_found", () => "no such fork", "conversation");
    }
    database.open();
  }

  /** Gives a conversation that was made, and holds no turn yet, the model of its first turn. */
  async #settleModel({ model, tenant }: TurnRequest): Promise<void> {
    const { env } = this.#host;
    if (servesOne(env)) return;
    const fingerprint = await fingerprintOf(env, model);
    const store = this.#host.store();
    const identity = store.identity();
    if (identity?.owner === tenant && identity.fingerprint !== fingerprint && store.isBlank) store.retake(fingerprint);
  }

  /** Opens what a turn of which nothing is kept goes on from. Fails with `not_found`, except that a conversation that is not there yet begins. */
  #openThere({ parent, near, tenant }: TurnRequest): void {
    const store = this.#host.store();
    if (typeof parent === "string" || near !== undefined) store.openFor(tenant, "previous_response_id");
    else if (store.database.exists) store.openFor(tenant, "conversation");
  }

  /** Takes messages without asking for a reply: they are read with the next turn. The model is loaded, and nothing is computed. */
  async #hold(request: TurnRequest, client: AbortSignal): Promise<Response> {
    const { reply: form, persistent, tenant } = request;
    const served = await this.#host.served(request);
    const store = this.#host.store();
    const { object } = this.#host;
    const hold = () => {
      const turn = unansweredTurn(request, turnIdOf(request), served, sourceOf(request, this.#host));
      if (persistent)
        store.database.transaction(() => {
          store.found({ owner: tenant, object, fingerprint: served.fingerprint });
          store.tree.insert(turn, new Uint32Array(0));
          const head = request.head === undefined ? undefined : store.heads.get(request.head);
          const { conversation = null } = request;
          if (request.head !== undefined)
            store.heads.put(used({ ...(head ?? newHead(request.head, { conversation })), turn: turn.id }));
        });
      return turn;
    };
    const turn =
      persistent && request.head !== undefined ? await this.#scheduler.locks.alone(request.head, hold) : hold();
    this.#host.ended(tenant, turn.id, 0);
    const { start } = knownTurn(turn, persistent ? object : NO_OBJECT, new Uint32Array(0));
    const usage = { promptTokens: turn.logged, cachedTokens: turn.position, completionTokens: 0 };
    const timings = { ...noTimings, state: turn.origin };
    const end = { type: "end" as const, index: 1, text: "", reason: "stop" as const, usage, timings };
    const last = { ...end, completedMs: Date.now(), unasked: true };
    const { reference: _, ...nowhere } = start;
    const known = { start: persistent ? start : nowhere, ids: [], logprobs: undefined, last };
    const context = { turn: known, request, form, served, client };
    return form.stream ? this.#stream(context) : whole(context);
  }

  async #batch(request: TurnRequest, client: AbortSignal): Promise<Response> {
    const { response, done } = await batch(request, await this.#host.served(request), this.#host, client);
    this.#host.ctx.waitUntil(done);
    return response;
  }

  /** Whole, or its events after number `after`. Fails with `not_found`. */
  async get(
    id: string,
    object: ReplyObject | undefined,
    stream: boolean,
    after: number | undefined,
    client: AbortSignal,
  ) {
    const context = await this.#context(id, object, client);
    if (stream) return this.#stream(context, after);
    return context.turn.last ? whole(context) : soFar(context, 200);
  }

  /** Resolves when the turn has ended, however. Idempotent. */
  async cancel(id: string, object: ReplyObject | undefined, client: AbortSignal): Promise<Response> {
    const context = await this.#context(id, object, client);
    const { turn } = context;
    if (turn instanceof RunningTurn) {
      turn.detach();
      turn.cancel();
      await turn.until(() => turn.over);
      if (turn.lost) throw turn.lost;
    }
    return soFar(context, 200);
  }

  /** Deletes a turn that nothing follows, and hides any other. A head that stood at it goes back to the turn before. */
  async remove(id: string): Promise<{ id: string; deleted: true }> {
    const store = this.#host.store();
    const { tree, heads, database } = store;
    check(!this.#scheduler.get(id), "turn_in_progress", () => "this turn is still running; cancel it first");
    const node = tree.node(id);
    check(node && !node.hidden, "not_found", () => "no such response", "id");
    const { env, object } = this.#host;
    await dropPrompts(env, store.identity()!.owner, object);
    database.transaction(() => {
      tree.hide(id);
      if (tree.hasChildren(id)) return;
      for (const head of heads.all()) if (head.turn === id) heads.put({ ...head, turn: node.parent, moved: true });
      // With those before it that were hidden only because of it.
      store.forgetUnreachable();
      if (store.isForsaken) eraseAll(database);
    });
    await database.settled();
    return { id, deleted: true };
  }

  /** Lets a new conversation begin with the prefix that its request names. */
  async #begin({ prefix, tenant, head, conversation = "", ...request }: TurnRequest): Promise<void> {
    if (prefix === undefined || (head === undefined && request.parent !== null)) return;
    const fields = head === undefined ? null : { id: head, conversation };
    await new SharedPrefix(this.#host, this.#scheduler).begin(tenant, prefix, fields, request.model);
  }

  /** In the object of a prefix: a turn that begins with it and leaves nothing behind. */
  async #visit({ tenant }: TurnRequest): Promise<void> {
    this.#host.store().openFor(tenant, "prefix");
    await new SharedPrefix(this.#host, this.#scheduler).ready();
  }

  async #stream(context: ReplyContext, after?: number): Promise<Response> {
    const { response, done } = await streamed(context, after);
    this.#host.ctx.waitUntil(done);
    return response;
  }

  /** The turn that an earlier request with the same key began. Fails with `idempotency_mismatch`, and with `turn_in_progress` while somebody waits for its reply. */
  #repeated(request: TurnRequest): KnownTurn | undefined {
    const { tree, journal } = this.#host.store();
    if (this.#host.store().identity()?.owner !== request.tenant) return undefined;
    const id = turnIdOf(request);
    const known = tree.turn(id) ?? journal.get(id)?.accepted;
    if (!known) return undefined;
    const isLive = this.#scheduler.get(id) !== undefined;
    if (request.idempotencyKey !== undefined) {
      checkSame(known.digest, digestOf(request));
      if (isLive) throw inProgress();
    }
    count("idempotent_replay");
    // If a crashed instance left this turn unfinished, it is resumed now and this request is attached to it.
    this.#scheduler.recover();
    return this.#scheduler.get(id) ?? this.#stored(id).turn;
  }

  async #context(id: string, object: ReplyObject | undefined, client: AbortSignal): Promise<ReplyContext> {
    const running = this.#scheduler.get(id);
    const { turn, request } = running
      ? { turn: running, request: this.#host.store().journal.get(id)?.accepted.request }
      : this.#stored(id);
    if (!request) throw notFound();
    const served = await this.#host.served();
    return { turn, request, form: formOf(request.reply, object), served, client };
  }

  #stored(id: string): { turn: KnownTurn; request: TurnRequest } {
    const { tree } = this.#host.store();
    const turn = tree.turn(id);
    if (!turn || turn.hidden || turn.reply === null) throw notFound();
    return { turn: knownTurn(turn, this.#host.object, tree.ownIds(id)), request: turn.request };
  }
}

const notFound = () => new Failure("not_found", "no such response", { param: "id" });

/** The form that the turn's request asked for, where the reader wants the same kind of object. */
const formOf = (first: ReplyForm, object: ReplyObject = first.object): ReplyForm =>
  object === first.object ? first : { object, stream: false, includeUsage: true, echo: first.echo ?? {} };
