/**
 * Conversation: a conversation tree, one Durable Object: turns, and heads that stand in it.
 *
 * SQLite holds every finished turn and what was accepted, and is the truth. Memory is a cache that may vanish between
 * any two awaits. So a turn costs its own tokens, never the history's again, and a turn that was accepted is finished
 * whatever happens to the instance.
 */
import { DurableObject } from "cloudflare:workers";
import { type Context, Hono } from "hono";
import type { ReplyObject, TurnRequest } from "../../src/api/shared/turn.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { countSetting } from "../../src/core/settings.ts";
import { settleLease, turnLease } from "../directory/allowance.ts";
import { publishStored, STORED_CHANGE_BYTES, type StoredBytes } from "../directory/directory-client.ts";
import { admissionFor, forgetAsker } from "../model/admission.ts";
import { selfCheck } from "../model/self-check.ts";
import { isServed, served } from "../model/served-model.ts";
import { answerTokens, type TokenQuestion } from "../model/token-question.ts";
import { Alarms } from "../platform/alarms.ts";
import { type Client, clientOf } from "../platform/client.ts";
import { armFromBindings, fault } from "../platform/fault-points.ts";
import { limits } from "../platform/limits.ts";
import { failureResponse, logFailure } from "../platform/log-failure.ts";
import { tenantOf } from "../platform/request-headers.ts";
import { readySenses, workerSenses } from "../recall/worker-senses.ts";
import { ConversationStore } from "../storage/conversation-store.ts";
import { PIECE_BYTES } from "../storage/state-pieces.ts";
import type { AskedModel, Host } from "../turn/context.ts";
import { Scheduler } from "../turn/scheduler.ts";
import { DirectoryOutbox } from "./directory-outbox.ts";
import { headRoutes, makeRoute } from "./head-routes.ts";
import { cancelTurn, deleteTurn, getTurn } from "./known-turn.ts";
import { beginRoutes, portableRoutes } from "./portable-routes.ts";
import { countTokens, postTurn } from "./post-turn.ts";
import { removeExpired, tidy, watchExpiry } from "./removal.ts";

/** The last of the platform's retries of an alarm whose handler threw. */
const LAST_RETRY = 6;
const LATER_MS = 30_000;

export class Conversation extends DurableObject<Env> {
  store = new ConversationStore(this.ctx.storage, PIECE_BYTES, workerSenses);
  readonly alarms = new Alarms(this.ctx.storage);
  readonly #host: Host;
  readonly scheduler: Scheduler;
  readonly #outbox: DirectoryOutbox;
  readonly #routes = new Hono();
  /** Whose it is, as far as this instance knows. */
  #tenant = "";
  /** The stored bytes that this instance published last; null when it published that nothing is stored. */
  #published: number | null | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const owner = ctx.id.toString();
    forgetAsker(owner);
    armFromBindings(env);
    if (env.STATE_BUDGET_BYTES) limits.stateBudgetBytes = countSetting(env, "STATE_BUDGET_BYTES");
    this.#host = {
      ctx,
      env,
      owner,
      alarms: this.alarms,
      object: ctx.id.name ?? "",
      store: () => this.store,
      served: (request) => this.#served(request),
      ended: (tenant, turn, tokens) => ctx.waitUntil(this.#settle(tenant, turn, tokens)),
    };
    this.scheduler = new Scheduler(this.#host);
    this.#outbox = new DirectoryOutbox(this.scheduler);
    this.#route();
  }

  override async fetch(request: Request): Promise<Response> {
    this.#tenant = request.headers.get("x-rivulet-tenant") ?? this.#tenant;
    return this.#routes.fetch(request);
  }

  /** Resumes turns that nobody computes any more, and those that paused because their invocation's budget was spent. */
  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    this.alarms.rang();
    try {
      await fault("alarm", this.ctx);
      if (!this.store.database.exists) return;
      this.store.database.open();
      this.#tenant = this.store.identity()?.owner ?? this.#tenant;
      await this.scheduler.proceed();
      await removeExpired(this.scheduler, this.#outbox);
      await tidy(this.scheduler, this.#outbox);
      await this.#publishStored();
    } catch (thrown) {
      if ((info?.retryCount ?? 0) < LAST_RETRY) throw thrown;
      const message = "this turn could not be continued, after seven tries";
      this.scheduler.giveUp(new Failure("storage_unavailable", message, { cause: thrown }));
    }
  }

  /**
   * Removes expired conversations before a request is handled, and publishes changes to the directory before its
   * reply says that they are done.
   */
  async #around(reads: boolean, isTurn: boolean, next: () => Promise<void>): Promise<void> {
    const { database, heads } = this.store;
    if (database.exists) {
      database.open();
      if (heads.earliestMs <= Date.now()) await removeExpired(this.scheduler, this.#outbox);
    }
    await next();
    if (reads) return;
    const published = this.#after()
      .then(() => this.#publishStored())
      .catch((thrown: unknown) => {
        logFailure(thrown);
        this.alarms.ask(Date.now() + LATER_MS);
      });
    if (isTurn) this.ctx.waitUntil(published);
    else await published;
  }

  async #after(): Promise<void> {
    const { database, heads } = this.store;
    if (!database.exists) return;
    // A beginning that failed leaves nothing, not even tables.
    if (!this.store.identity()) return tidy(this.scheduler, this.#outbox);
    if (!heads.unpublished) return;
    await watchExpiry(this.#host);
    await this.#outbox.publish();
  }

  /**
   * The end of a turn, and what it has added to what is stored here: in one message, so that the directory writes once.
   */
  async #settle(tenant: string, turn: string, tokens: number): Promise<void> {
    const change = tenant === this.#tenant ? this.#storedChange() : undefined;
    const stored = change?.bytes == null ? undefined : change;
    if (stored) this.#published = stored.bytes;
    const isSettled = await settleLease(this.env, tenant, turnLease(this.#host.object, turn), tokens, stored);
    // Then it is published again, with what is next.
    if (stored && !isSettled) this.#published = undefined;
  }

  /** Publishes how much is stored here, when that has changed by much or nothing is left. */
  async #publishStored(): Promise<void> {
    const change = this.#storedChange();
    if (!change) return;
    await publishStored(this.env, this.#tenant, change);
    this.#published = change.bytes;
  }

  /** What the directory does not know of how much is stored here: a change by much, or that nothing is left. */
  #storedChange(): StoredBytes | undefined {
    const { object } = this.#host;
    if (this.#tenant === "" || object.startsWith("stateless-")) return undefined;
    const isEmpty = !this.store.database.exists || !this.store.identity();
    const bytes = isEmpty ? null : this.ctx.storage.sql.databaseSize;
    const published = this.#published;
    const isClose = bytes !== null && published != null && Math.abs(bytes - published) < STORED_CHANGE_BYTES;
    return bytes === published || isClose ? undefined : { object, bytes };
  }

  #route(): void {
    const app = this.#routes;
    app.onError((thrown, c) => {
      const failure = Failure.from(thrown);
      const left = failure.code === "bug" && c.req.raw.signal.aborted;
      return failureResponse(left ? new Failure("client_gone", "the client left") : thrown);
    });
    app.use((c, next) => this.#around(c.req.method === "GET", c.req.path === "/turn", next));
    app.get("/ready", async () => {
      const model = await this.#served();
      return Response.json(await selfCheck(model, admissionFor(model)));
    });
    app.post("/turn", async (c) =>
      postTurn(this.scheduler, (await c.req.json()) as TurnRequest, this.#clientOf(c.req.raw)),
    );
    app.post("/count", async (c) => c.json(await countTokens(this.scheduler, (await c.req.json()) as TurnRequest)));
    app.post("/tokens", async (c) => {
      const question = (await c.req.json()) as TokenQuestion;
      return c.json(
        await answerTokens(await this.#served(question.model === undefined ? {} : { model: question.model }), question),
      );
    });
    app.route("/", makeRoute(this.scheduler));
    app.route("/", beginRoutes(this.scheduler, this.#outbox));
    app.use(async (c, next) => {
      const { fingerprint } = this.store.openFor(tenantOf(c));
      this.store.isOrphaned = !(await isServed(this.env, fingerprint));
      this.scheduler.recover();
      await next();
    });
    const asked = (c: Context) => ({
      object: c.req.query("form") as ReplyObject | undefined,
      client: this.#clientOf(c.req.raw),
    });
    app.get("/turn/:turn", (c) => {
      const { stream, after: given } = c.req.query();
      const after = given === undefined ? undefined : Number(given);
      check(
        after === undefined || (Number.isSafeInteger(after) && after >= 0),
        "request_invalid",
        () => `starting_after: expected an event's number, 0 or more, got ${given}`,
        "starting_after",
      );
      return getTurn(this.scheduler, c.req.param("turn"), { ...asked(c), stream: stream === "true", after });
    });
    app.post("/turn/:turn/cancel", (c) => cancelTurn(this.scheduler, c.req.param("turn"), asked(c)));
    app.delete("/turn/:turn", async (c) => c.json(await deleteTurn(this.scheduler, c.req.param("turn"))));
    app.route("/", headRoutes(this.scheduler));
    app.route("/", portableRoutes(this.scheduler, this.#outbox));
  }

  #clientOf(request: Request): Client {
    return clientOf(this.ctx, this.env, request);
  }

  /** The load goes on when its first caller leaves, for whoever waits with it. */
  #served({ model: name, tenant, fingerprint, keptName }: AskedModel = {}) {
    const kept = this.store.database.exists ? this.store.identity() : undefined;
    // What is another tenant's says nothing to this one; that it is not there is found out later.
    const isMine = kept && (tenant === undefined || tenant === kept.owner);
    const mine = isMine
      ? { fingerprint: kept.fingerprint, keptName: () => this.store.modelName }
      : { fingerprint, keptName };
    const model = served(this.env, { model: name, ...mine }).then(async (found) => {
      await readySenses(this.env, found);
      return found;
    });
    this.ctx.waitUntil(model.catch(() => {}));
    return model;
  }
}
