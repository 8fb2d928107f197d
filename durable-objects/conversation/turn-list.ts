/** turnList: the turns of a tree or of one conversation, page by page. */
import { check } from "../../src/core/failure.ts";
import { limits } from "../platform/limits.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import type { StoredTurn } from "../storage/stored-turn.ts";
import { around, type FullTurnView, runningView, viewOf } from "./views.ts";

const TURNS_MAX = 100;

interface TurnsRequest {
  head?: string | undefined;
  after?: string | undefined;
  from?: string | undefined;
  limit: number;
  order?: string | undefined;
  hidden: boolean;
  /** Also those that are not finished, at the end of the last page. */
  running?: boolean;
}

const lengthOf = ({ request, reply }: StoredTurn): number =>
  request.messages.reduce((sum, { content }) => sum + content.length, reply?.length ?? 0);

/**
 * Those that are there, of at most a hundred ids; as cheap however many others the tree has. `running`: also those that
 * have not ended.
 */
export function turnsNamed(store: ConversationStore, ids: readonly string[], running: boolean) {
  const shared = around(store);
  const turns = ids.slice(0, TURNS_MAX).flatMap((id): FullTurnView[] => {
    const turn = store.tree.turn(id);
    if (turn) return turn.hidden ? [] : [viewOf(turn, store, shared)];
    const entry = running ? store.journal.get(id) : undefined;
    return entry ? [runningView(entry.accepted)] : [];
  });
  return { turns, hasMore: false };
}

/** Of the tree, or along the path to one head: oldest first, or the other way; after a turn, or from one on. */
export function turnList(store: ConversationStore, { head, after, from, limit, order, hidden, running }: TurnsRequest) {
  const path = head === undefined ? undefined : [...store.tree.path(store.heads.require(head).turn)].reverse();
  const nodes = (path ?? store.tree.all()).filter((node) => hidden || !node.hidden);
  if (order === "desc") nodes.reverse();
  const indexOf = (id: string, param: string) => {
    const at = nodes.findIndex((node) => node.id === id);
    check(at >= 0, "not_found", () => `${param}: no such turn`, param);
    return at;
  };
  const first = after !== undefined ? indexOf(after, "after") + 1 : from !== undefined ? indexOf(from, "id") : 0;
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
  const left = unfinished(store, head);
  const room = Math.max(0, limit - finished.length);
  return { turns: [...finished, ...left.slice(0, room)], hasMore: left.length > room };
}

function unfinished({ journal }: ConversationStore, head: string | undefined): FullTurnView[] {
  const entries = journal.running().flatMap((id) => journal.get(id) ?? []);
  return entries
    .filter(({ accepted }) => head === undefined || accepted.request.head === head)
    .map(({ accepted }) => runningView(accepted))
    .toSorted((a, b) => a.createdMs - b.createdMs);
}
