/** Branches: what can be done with the heads of a tree without computing anything. */
import { randomInt } from "node:crypto";
import type { HeadView as Shown } from "../../src/api/conversations/replies.ts";
import { MAIN, newTurnId, splitConversation } from "../../src/api/shared/ids.ts";
import type { RecallMode, TurnRequest } from "../../src/api/shared/turn.ts";
import { check } from "../../src/core/failure.ts";
import type { Served } from "../../src/dialogue/load.ts";
import type { Message } from "../../src/tokenizer/text-codec.ts";
import { limits } from "../platform/limits.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import { type Head, type KeyedRequest, newHead, noSuchConversation, revised, used } from "../storage/heads.ts";
import { noted, repeated } from "../storage/idempotency.ts";
import type { StoredTurn } from "../storage/turn-tree.ts";
import type { Host } from "../turn/context.ts";
import { placeRequest } from "../turn/place-request.ts";
import { plan } from "../turn/plan.ts";
import { around, type FullTurnView, runningView, viewOf } from "./turn-view.ts";

export interface FullHeadView extends Head, Shown {
  fingerprint: string;
}

interface Change {
  metadata?: Record<string, string>;
  /** Null: kept for ever. */
  ttlSeconds?: number | null;
  recall?: RecallMode;
}

export interface TurnsRequest {
  head?: string | undefined;
  after?: string | undefined;
  from?: string | undefined;
  limit: number;
  order?: string | undefined;
  hidden: boolean;
  /** Also those that are not finished, at the end of the last page. */
  running?: boolean;
}

const FORK_ID = "0123456789abcdefghijklmnopqrstuvwxyz";
const forkIdOf = (letter: (i: number) => number): string =>
  Array.from({ length: 8 }, (_, i) => FORK_ID[letter(i)]).join("");
const TURNS_MAX = 100;

/** Messages that ask for no reply, as a turn that feeds nothing by itself. Fails as a turn with them would. */
export function unansweredTurn(
  request: TurnRequest,
  id: string,
  served: Served,
  store: ConversationStore | undefined,
  { areItems = false } = {},
): StoredTurn {
  const { accepted } = plan(placeRequest(request, served, store), id, served, { areItems });
  const parent = accepted.parent === null ? undefined : store!.tree.require(accepted.parent);
  const { attempts: _, rebuiltTokens: __, cachedTokens: ___, seed: ____, lasting: _____, ...kept } = accepted;
  return {
    ...kept,
    model: request.model,
    status: "completed",
    hidden: false,
    reply: null,
    promptCount: 0,
    position: parent?.position ?? 0,
    logged: accepted.start,
    history: accepted.asked,
    closed: parent?.closed ?? false,
    generator: parent?.generator ?? [],
  };
}

const lengthOf = ({ request, reply }: StoredTurn): number =>
  request.messages.reduce((sum, { content }) => sum + content.length, reply?.length ?? 0);

export class HeadActions {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  get #store() {
    return this.#host.store();
  }

  view(head: Head): FullHeadView {
    const turn = head.turn === null ? undefined : this.#store.tree.turn(head.turn);
    const { depth = 0, logged = 0, model = null, end } = turn ?? {};
    const { fingerprint } = this.#store.identity()!;
    return { ...head, fingerprint, model, turns: depth, tokens: logged, stateBytes: end?.timings.state_bytes ?? 0 };
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
      return repeated(head, request) ? this.view(head) : this.#put(noted(head, request), fields);
    });
  }

  change(id: string, fields: Change): FullHeadView {
    return this.#put(this.#store.heads.require(id), fields);
  }

  /** `at`: a turn, null for the beginning, absent for where the conversation stands. One row. Fails with `not_found`. */
  fork(
    conversation: string | null,
    { at, ...fields }: Change & { at?: string | null },
    request?: KeyedRequest,
  ): FullHeadView {
    const { root, head: from } = splitConversation(conversation ?? MAIN);
    const named = request && forkIdOf((i) => Number.parseInt(request.key.slice(2 * i, 2 * i + 2), 16) % FORK_ID.length);
    const made = named && this.#store.heads.get(named);
    if (made && repeated(made, request)) return this.view(made);
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
    if (known) return { ...this.view(head), recomputeTokens: known.recomputeTokens ?? 0 };
    const path = to === null || [...this.#store.tree.path(head.turn)].some((node) => node.id === to);
    check(path, "not_found", () => `turn: expected a turn on this conversation's path, got ${to}`, "turn");
    if (to !== null) this.#require(to);
    const recomputeTokens = this.#store.recomputeTokens(to);
    const moved = noted({ ...head, turn: to, moved: true }, request && { ...request, recomputeTokens });
    return { ...this.#put(moved, {}), recomputeTokens };
  }

  /** Messages without a reply: a turn that feeds nothing by itself. Fails as a turn with them would. */
  add(id: string, messages: Message[], served: Served): FullTurnView {
    const store = this.#store;
    const head = store.heads.require(id);
    const reply = { object: "chat.completion" as const, stream: false, includeUsage: false };
    const request: TurnRequest = {
      ...{
        tenant: store.identity()!.owner,
        persistent: true,
        head: id,
        parent: head.turn,
        model: served.manifest.name,
      },
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

  /** Those that are there, of at most a hundred ids; as cheap however many others the tree has. */
  named(ids: readonly string[]) {
    const turns = ids.slice(0, TURNS_MAX).flatMap((id) => this.#store.tree.turn(id) ?? []);
    const shared = around(this.#store);
    const there = turns.filter(({ hidden }) => !hidden);
    return { turns: there.map((turn) => viewOf(turn, this.#store, shared)), hasMore: false };
  }

  /** Of the tree, or along the path to one head: oldest first, or the other way; after a turn, or from one on. */
  turns({ head, after, from, limit, order, hidden, running }: TurnsRequest) {
    const store = this.#store;
    const path = head === undefined ? undefined : [...store.tree.path(store.heads.require(head).turn)].reverse();
    const nodes = (path ?? store.tree.all()).filter((node) => hidden || !node.hidden);
    if (order === "desc") nodes.reverse();
    const place = (id: string, param: string) => {
      const at = nodes.findIndex((node) => node.id === id);
      check(at >= 0, "not_found", () => `${param}: no such turn`, param);
      return at;
    };
    const first = after !== undefined ? place(after, "after") + 1 : from !== undefined ? place(from, "id") : 0;
    const page = nodes.slice(first, first + Math.min(Math.max(1, limit), TURNS_MAX));
    const shared = around(store);
    const finished: FullTurnView[] = [];
    let chars = 0;
    for (const { id } of page) {
      // A page holds at least two turns, because who goes on from the last one of a page gets that one again.
      if (chars > limits.listChars && finished.length >= 2) break;
      const turn = store.tree.turn(id)!;
      chars += lengthOf(turn);
      finished.push(viewOf(turn, store, shared));
    }
    const more = first + finished.length < nodes.length;
    if (more || !running) return { turns: finished, hasMore: more };
    const left = this.#running(head);
    const room = Math.max(0, limit - finished.length);
    return { turns: [...finished, ...left.slice(0, room)], hasMore: left.length > room };
  }

  #running(head: string | undefined): FullTurnView[] {
    const { journal } = this.#store;
    const entries = journal.running().flatMap((id) => journal.get(id) ?? []);
    return entries
      .filter(({ accepted }) => head === undefined || accepted.request.head === head)
      .map(({ accepted }) => runningView(accepted))
      .toSorted((a, b) => a.createdMs - b.createdMs);
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
      return this.view(changed);
    });
  }
}
