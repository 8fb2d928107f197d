/** views: what is shown of a conversation, and of its turns. */
import type { HeadView, TurnView } from "../../src/api/conversations/replies.ts";
import type { TurnRequest } from "../../src/api/shared/turn.ts";
import { callsIn } from "../../src/constrain/reply/announce.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import type { Head } from "../storage/heads.ts";
import type { Accepted } from "../storage/journal.ts";
import type { StatePlaces } from "../storage/kept-states.ts";
import type { StoredTurn, TurnStatus } from "../storage/stored-turn.ts";

export interface FullHeadView extends Head, HeadView {
  fingerprint: string;
}

export function headView(store: ConversationStore, head: Head): FullHeadView {
  const turn = head.turn === null ? undefined : store.tree.turn(head.turn);
  const { depth = 0, logged = 0, model = null, end } = turn ?? {};
  const { fingerprint } = store.identity()!;
  return { ...head, fingerprint, model, turns: depth, tokens: logged, stateBytes: end?.timings.state_bytes ?? 0 };
}

export interface FullTurnView extends TurnView {
  status: TurnStatus | "running";
  conversation: string | null;
  metadata: Record<string, string>;
  reason: string | null;
  /** How it was asked. */
  form: TurnRequest["reply"];
}

/** A turn that is not finished; what it says so far is in its stream. */
export const runningView = ({ id, parent, createdMs, request }: Accepted): FullTurnView => ({
  id,
  parent,
  createdMs,
  status: "running",
  messages: request.messages,
  reply: null,
  stateKept: false,
  form: request.reply,
  usage: null,
  timings: null,
  reason: null,
  error: null,
  heads: [],
  conversation: request.conversation ?? null,
  metadata: request.metadata ?? {},
});

/** What the views of a whole list need and is read once for all of them. */
interface Around {
  heads: readonly Head[];
  places: StatePlaces;
}

export const around = (store: ConversationStore): Around => ({
  heads: store.heads.all(),
  places: store.states.places(),
});

export function viewOf(
  turn: StoredTurn,
  store: ConversationStore,
  { heads, places }: Around = around(store),
): FullTurnView {
  const { id, parent, createdMs, status, request, reply, end, error, position } = turn;
  const calls = callsIn(request);
  const stateKept =
    reply === null ? store.states.recomputeTokens(id, places) === 0 : places.sets.get(id)?.position === position;
  return {
    ...(calls ? { calls } : {}),
    ...(turn.recalled ? { recalled: turn.recalled } : {}),
    id,
    parent,
    createdMs,
    status,
    messages: request.messages,
    reply,
    stateKept,
    form: request.reply,
    usage: end?.usage ?? null,
    timings: end?.timings ?? null,
    reason: end?.reason ?? null,
    error: error ?? null,
    heads: heads.flatMap((head) => (head.turn === id ? [head.id] : [])),
    conversation: request.conversation ?? null,
    metadata: request.metadata ?? {},
  };
}
