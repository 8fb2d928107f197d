/** HeadActions: what can be done with the heads of a tree without computing anything. */
import { randomInt } from "node:crypto";
import { MAIN, newTurnId, splitConversation } from "../../src/api/shared/ids.ts";
import type { RecallMode, TurnRequest } from "../../src/api/shared/turn.ts";
import { check } from "../../src/core/failure.ts";
import type { Served } from "../../src/dialogue/load.ts";
import type { Message } from "../../src/tokenizer/text-codec.ts";
import { type Head, type KeyedRequest, newHead, noSuchConversation, revised, used } from "../storage/heads.ts";
import { noted, repeated } from "../storage/idempotency.ts";
import type { Host } from "../turn/context.ts";
import { unansweredTurn } from "../turn/unanswered-turn.ts";
import { type FullHeadView, type FullTurnView, headView, viewOf } from "./views.ts";

/** What may be set of a conversation at any time. */
export interface Change {
  metadata?: Record<string, string>;
  /** Null: kept for ever. */
  ttlSeconds?: number | null;
  recall?: RecallMode;
}

const FORK_ID = "0123456789abcdefghijklmnopqrstuvwxyz";
const forkIdOf = (letter: (i: number) => number): string =>
  Array.from({ length: 8 }, (_, i) => FORK_ID[letter(i)]).join("");

export class HeadActions {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  get #store() {
    return this.#host.store();
  }

  /** Gives the one that is there, if there is one. */
  async make(
    id: string,
    tenant: string,
    conversation: string | null,
    fields: Change & { prefix?: string | null },
    request?: KeyedRequest,
    model?: string,
  ) {
    const { fingerprint } = await this.#host.served({ tenant, ...(model === undefined ? {} : { model }) });
    const store = this.#store;
    store.database.open();
    if ((store.identity()?.owner ?? tenant) !== tenant) throw noSuchConversation();
    return store.database.transaction(() => {
      store.createTree({ owner: tenant, object: this.#host.object, fingerprint });
      const head = store.heads.get(id) ?? newHead(id, { conversation, prefix: fields.prefix ?? null });
      return repeated(head, request) ? headView(this.#store, head) : this.#put(noted(head, request), fields);
    });
  }

  change(id: string, fields: Change): FullHeadView {
    return this.#put(this.#store.heads.require(id), fields);
  }

  /**
   * `at`: a turn, null for the beginning, absent for where the conversation stands. One row. Fails with `not_found`.
   */
  fork(
    conversation: string | null,
    { at, ...fields }: Change & { at?: string | null },
    request?: KeyedRequest,
  ): FullHeadView {
    const { root, head: from } = splitConversation(conversation ?? MAIN);
    const named = request && forkIdOf((i) => Number.parseInt(request.key.slice(2 * i, 2 * i + 2), 16) % FORK_ID.length);
    const made = named && this.#store.heads.get(named);
    if (made && repeated(made, request)) return headView(this.#store, made);
    const turn = at === undefined ? this.#store.heads.require(from).turn : at;
    if (turn !== null) this.#require(turn);
    const id = (!made && named) || forkIdOf(() => randomInt(FORK_ID.length));
    const origin = { conversation, turn };
    const forked = {
      turn,
      conversation: conversation === null ? null : `${root}~${id}`,
      forkedFrom: origin,
      moved: true,
    };
    return this.#put(noted(newHead(id, forked), request), fields);
  }

  /** Fails with `not_found` unless `to` lies on the head's path. */
  rewind(id: string, to: string | null, request?: KeyedRequest): FullHeadView & { recomputeTokens: number } {
    const head = this.#store.heads.require(id);
    const known = repeated(head, request);
    if (known) return { ...headView(this.#store, head), recomputeTokens: known.recomputeTokens ?? 0 };
    const path = to === null || [...this.#store.tree.path(head.turn)].some((node) => node.id === to);
    check(path, "not_found", () => `turn: expected a turn on this conversation's path, got ${to}`, "turn");
    if (to !== null) this.#require(to);
    const recomputeTokens = this.#store.states.recomputeTokens(to);
    const moved = noted({ ...head, turn: to, moved: true }, request && { ...request, recomputeTokens });
    return { ...this.#put(moved, {}), recomputeTokens };
  }

  /** Messages without a reply: a turn that feeds nothing by itself. Fails as a turn with them would. */
  add(id: string, messages: Message[], served: Served): FullTurnView {
    const store = this.#store;
    const head = store.heads.require(id);
    const reply = { object: "chat.completion" as const, stream: false, includeUsage: false };
    const request: TurnRequest = {
      tenant: store.identity()!.owner,
      persistent: true,
      head: id,
      parent: head.turn,
      model: served.manifest.name,
      ...(head.conversation === null ? {} : { conversation: head.conversation }),
      messages,
      sampling: {},
      stop: [],
      recall: "off",
      reply,
    };
    const turn = unansweredTurn(request, newTurnId(), served, store, { areItems: true });
    return store.database.transaction(() => {
      store.tree.insert(turn, new Uint32Array(0));
      store.heads.put({ ...head, turn: turn.id });
      return viewOf(turn, store);
    });
  }

  #require(id: string): void {
    const turn = this.#store.tree.turn(id);
    const isThere = turn && !turn.hidden && turn.status !== "failed";
    check(isThere, "not_found", () => "turn: no such turn in this conversation", "turn");
  }

  #put(head: Head, { metadata, ttlSeconds, recall }: Change): FullHeadView {
    const ttl = ttlSeconds === undefined ? {} : { ttlSeconds, expiresMs: null };
    const changed = used(revised(head, { ...(metadata ? { metadata } : {}), ...ttl, ...(recall ? { recall } : {}) }));
    return this.#store.database.transaction(() => {
      this.#store.heads.put(changed);
      return headView(this.#store, changed);
    });
  }
}
