/**
 * match-history: where in the tree a request continues, and which of its messages the tree does not hold yet.
 *
 * A client sends either its new messages only, or the whole history again with the new ones behind it. Histories are
 * compared by a chained hash, so that neither storage nor reading grows with the dialogue.
 */
import type { TurnRequest } from "../../src/api/shared/turn.ts";
import { withPlainCalls } from "../../src/constrain/reply/call-text.ts";
import { Failure } from "../../src/core/failure.ts";
import { sha256 } from "../../src/core/sha256.ts";
import type { Message } from "../../src/tokenizer/text-codec.ts";
import type { StoredTurn } from "../storage/stored-turn.ts";
import type { TurnTree } from "../storage/turn-tree.ts";
import { type ComparedTurn, ComparedTurns } from "./compared-turns.ts";

/** The hash of a history and one more message, whose calls of tools may be spelled in any way. */
export function chain(history: string, { role, content, name = "", ...rest }: Message): string {
  const more = Object.keys(rest).length > 0 ? [rest] : [];
  const said = role === "assistant" ? withPlainCalls(content) : content;
  return sha256(JSON.stringify([history, role, name, said, ...more]));
}

export const chainAll = (history: string, messages: readonly Message[]): string => messages.reduce(chain, history);

export interface Continuation {
  /** The turn that the new messages follow. */
  parent: StoredTurn | undefined;
  /** Without system messages, unless they begin the history. */
  fresh: Message[];
  /** System messages of the request that are not the conversation's own: they hold for this request. */
  aside: Message[];
  /** Hash of the history up to them; a client's shortened copy of a reply it left counts as its own. */
  history: string;
}

const isSystem = ({ role }: Message) => role === "system";
const isAsked = ({ role }: Message) => role === "user" || role === "tool";

/** Messages that follow a turn, or begin a history. */
export function appended(parent: StoredTurn | undefined, messages: Message[]): Continuation {
  if (!parent) return { parent, fresh: messages, aside: [], history: "" };
  const [fresh, aside] = [messages.filter((one) => !isSystem(one)), messages.filter(isSystem)];
  return { parent, fresh, aside, history: parent.history };
}

type HistoryRequest = Pick<TurnRequest, "messages" | "unmatched" | "isWhole" | "generate">;

/**
 * `tip`: where the head stands. What comes first holds:
 *
 * 1. New messages alone: only what a user or a tool says, and at most with other system messages before them.
 * 2. All of the history again, with its own system messages or with others in their place.
 * 3. The end of the history again, unless the request says that it holds all of it.
 *
 * Fails with `conversation_conflict` when they tell a story that the conversation tree does not hold, unless the
 * request says what else becomes of them (`unmatched`).
 */
export function continuation(
  tree: TurnTree,
  tip: StoredTurn | undefined,
  { messages, unmatched = "refuse", isWhole, generate }: HistoryRequest,
): Continuation {
  if (!tip) return appended(undefined, messages);
  const isNew = unmatched !== "anew";
  if (isNew && messages.every(isAsked)) return appended(tip, messages);
  // Without a question behind it the assistant goes on speaking.
  const mayEnd = generate === false || messages.at(-1)?.role === "assistant";
  const turns = new ComparedTurns(tree, tip);
  const exact = retold(turns, messages, mayEnd);
  if (exact) return exact;
  const [systems, spoken] = [messages.filter(isSystem), messages.filter((one) => !isSystem(one))];
  const own = beginningOf(turns);
  const isOwn = own.every((one, i) => systems[i] && chain("", one) === chain("", systems[i]));
  const aside = isOwn ? systems.slice(own.length) : systems;
  if (isNew && spoken.every(isAsked)) return { ...appended(tip, spoken), aside };
  const again = systems.length + own.length > 0 ? retold(turns, [...own, ...spoken], mayEnd) : undefined;
  if (again) return { ...again, aside };
  const rest = isWhole ? undefined : afterTail(tree, tip, spoken);
  if (rest) return { ...appended(tip, rest), aside };
  if (unmatched === "append") return { ...appended(tip, spoken), aside };
  if (unmatched === "anew") return appended(undefined, messages);
  throw new Failure(
    "conversation_conflict",
    "messages: this conversation holds another history; send only the new messages, the same history, or choose another conversation id",
    { param: "messages" },
  );
}

/**
 * The history told from its beginning, along the head's path or on another branch. `mayEnd`: nothing new need follow.
 */
function retold(turns: ComparedTurns, messages: Message[], mayEnd: boolean): Continuation | undefined {
  const told = new ClientHistory(messages, mayEnd);
  const near = along(turns, told);
  // It tells of more replies than this path has: another branch may have them.
  return near?.fresh.every(({ role }) => role !== "assistant") ? near : (anywhere(turns, told) ?? near);
}

/** The system messages that a conversation began with. */
function beginningOf(turns: ComparedTurns): Message[] {
  const first = [...turns.path()].at(-1)!;
  const { messages } = turns.tree.require(first).request;
  const end = messages.findIndex((one) => !isSystem(one));
  return end < 0 ? messages : messages.slice(0, end);
}

/** What follows the longest end of the history that the messages begin with; that end closes with a reply. */
export function afterTail(tree: TurnTree, tip: StoredTurn, messages: readonly Message[]): Message[] | undefined {
  const last = messages.findLastIndex(({ role }) => role === "assistant") + 1;
  const told = messages.slice(0, last).map((one) => chain("", one));
  const tail: string[] = [];
  for (let turn: StoredTurn | undefined = tip; turn && tail.length < last; turn = parentOf(tree, turn)) {
    const said = [...turn.request.messages, ...(turn.reply === null ? [] : [replyOf(turn)])];
    tail.unshift(...said.filter((one) => !isSystem(one)).map((one) => chain("", one)));
  }
  for (let count = Math.min(last, tail.length); count > 0; count--) {
    const from = tail.length - count;
    if (messages[count - 1]!.role === "assistant" && told.slice(0, count).every((hash, i) => hash === tail[from + i]))
      return messages.slice(count);
  }
  return undefined;
}

/** A history as a client tells it. */
class ClientHistory {
  readonly messages: Message[];
  readonly #hashes: string[] = [""];
  readonly #mayEnd: boolean;

  constructor(messages: Message[], mayEnd: boolean) {
    this.messages = messages;
    this.#mayEnd = mayEnd;
  }

  /** Of the first `count` messages. */
  hash(count: number): string {
    while (this.#hashes.length <= count)
      this.#hashes.push(chain(this.#hashes.at(-1)!, this.messages[this.#hashes.length - 1]!));
    return this.#hashes[count]!;
  }

  /** What follows the turn in this telling, or undefined when the turn is not in it. */
  after(turns: ComparedTurns, id: string): Continuation | undefined {
    const { messageCount: count, asked, history, isAnswered } = turns.of(id);
    if (this.messages.length < count + (this.#mayEnd ? 0 : 1)) return undefined;
    if (isAnswered ? this.hash(count - 1) !== asked : this.hash(count) !== history) return undefined;
    const fresh = this.messages.slice(count);
    const turn = turns.tree.require(id);
    if (!isAnswered) return appended(turn, fresh);
    const reply = this.messages[count - 1]!;
    if (reply.role !== "assistant") return undefined;
    return chain("", reply) === chain("", replyOf(turn)) || isShortened(turn, reply)
      ? { ...appended(turn, fresh), history: this.hash(count) }
      : undefined;
  }

  /** It ends with what this turn was asked: the turn is wanted again. */
  asks = ({ isAnswered, asked }: ComparedTurn): boolean => isAnswered && this.hash(this.messages.length) === asked;
}

const parentOf = (tree: TurnTree, { parent }: StoredTurn): StoredTurn | undefined =>
  parent === null ? undefined : tree.require(parent);

const replyOf = ({ reply }: StoredTurn): Message => ({ role: "assistant", content: reply ?? "" });

/** Who left during a reply may have seen less of it than was generated. */
const isShortened = (turn: StoredTurn, { content }: Message): boolean =>
  turn.status === "cancelled" && turn.reply!.startsWith(content);

function along(turns: ComparedTurns, told: ClientHistory): Continuation | undefined {
  for (const id of turns.path()) {
    const found = told.after(turns, id) ?? (told.asks(turns.of(id)) ? before(turns.tree, id) : undefined);
    if (found) return found;
  }
  return undefined;
}

/** Reads the whole conversation tree: for who goes on from a branch that no head stands on. */
function anywhere(turns: ComparedTurns, told: ClientHistory): Continuation | undefined {
  let best: Continuation | undefined;
  for (const { id, status, hidden, depth } of turns.tree.all()) {
    if (status === "failed" || hidden) continue;
    const found = told.after(turns, id);
    if (found && (best?.parent?.depth ?? 0) < depth) best = found;
  }
  return best;
}

/** The same question once more, beside this turn. */
function before(tree: TurnTree, id: string): Continuation {
  const turn = tree.require(id);
  return appended(parentOf(tree, turn), turn.request.messages);
}
