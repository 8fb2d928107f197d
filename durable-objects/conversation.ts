/**
 * Conversation: one dialogue, one Durable Object, one model state.
 *
 * SQLite holds the state as of the last finished turn, and is the truth. Memory is a cache that may vanish between any two awaits. So a
 * turn costs its own tokens, never the history's again.
 */
import { DurableObject } from "cloudflare:workers";
import type { TurnRequest } from "../src/api/turn.ts";
import { refused, streamed, whole } from "./answer.ts";
import { goldenForward } from "./golden.ts";
import { Store } from "./store.ts";
import { Turn } from "./turn.ts";
import { TurnLock } from "./turn-lock.ts";
import { admission, served } from "./weights.ts";

export class Conversation extends DurableObject<Env> {
  store = new Store(this.ctx.storage);
  readonly #lock = new TurnLock();
  readonly #owner = this.ctx.id.toString();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    admission.forget(this.#owner);
  }

  override async fetch(request: Request): Promise<Response> {
    try {
      const { pathname } = new URL(request.url);
      if (pathname === "/ready") return Response.json(await goldenForward(await this.#served(), admission));
      return await this.#turn((await request.json()) as TurnRequest, request.signal);
    } catch (thrown) {
      return refused(thrown);
    }
  }

  /** Adds messages and answers. Turns of a conversation run one at a time, the next ones wait; those that keep nothing run beside it. */
  async #turn(request: TurnRequest, client: AbortSignal): Promise<Response> {
    const release = request.persistent ? await this.#lock.acquire() : () => {};
    try {
      const model = await this.#served();
      if (request.persistent) this.store.open();
      const turn = new Turn(request, model, this.store);
      const state = await turn.open(admission, this.#owner, client);
      const run: Turn["run"] = (emit, gone) => turn.run(emit, gone).finally(release);
      if (!request.reply.stream) return await whole(run, request.reply, state, client);
      const { response, done } = streamed(run, request.reply, state, client);
      this.ctx.waitUntil(done);
      return response;
    } catch (thrown) {
      release();
      throw thrown;
    }
  }

  /** The load goes on when its first caller leaves, for whoever waits with it. */
  #served() {
    const model = served(this.env);
    this.ctx.waitUntil(model.catch(() => {}));
    return model;
  }
}
