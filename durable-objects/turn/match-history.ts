/**
 * match-history: where in the tree a request continues, and which of its messages are new there: neither those that the tree holds, nor
 * the instructions that the state has read already, nor more than fits.
 *
 * A client sends either its new messages only, or the whole history again with the new ones behind it. Histories are compared by a
 * chained hash, so that neither storage nor reading grows with the dialogue.
 */
import type { TurnRequest } from "../../src/api/shared/turn.ts";
import { Failure } from "../../src/core/failure.ts";
import { sha256 } from "../../src/core/sha256.ts";
import type { Message } from "../../src/tokenizer/text-codec.ts";
import type { StoredTurn, TurnTree } from "../storage/turn-tree.ts";

/** The hash of a history and one more message. */
export function chain(history: string, { role, content, name = "", ...rest }: Message): string {
  const more = Object.keys(rest).length > 0 ? [rest] : [];
  return sha256(JSON.stringify([history, role, name, content, ...more]));
}

export const chainAll = (history: string, messages: readonly Message[]): string => messages.reduce(chain, history);

export interface Continuation {
  /** The turn that the new messages follow. */
  parent: StoredTurn | undefined;
  fresh: Message[];
  /** Hash of the history up to them; a client's shortened copy of a reply it left counts as its own. */
  history: string;
}

/** `tip`: where the head stands. Fails with `conversation_conflict` when the request tells a story that the family does not hold. */
export function continuation(tree: TurnTree, tip: StoredTurn | undefined, messages: Message[]): Continuation {
  const append = { parent: tip, fresh: messages, history: tip?.history ?? "" };
  // Without a reply or a system message among them these are no retelling of a history.
  if (messages.every(({ role }) => role === "user" || role === "tool")) return append;
  const told = new ClientHistory(messages);
  const near = tip && along(tree, tip, told);
  // It tells of more replies than this path has: another branch may have them.
  const known = near?.fresh.every(({ role }) => role !== "assistant") ? near : tip && (anywhere(tree, told) ?? near);
  if (known || !tip) return known ?? append;
  throw new Failure(
    "conversation_conflict",
    "messages: this conversation holds another history; send only the new messages, the same history, or choose another conversation id",
    { param: "messages" },
  );
}

/** A history as a client tells it. */
class ClientHistory {
  readonly messages: Message[];
  readonly #hashes: string[] = [""];

  constructor(messages: Message[]) {
    this.messages = messages;
  }

  /** Of the first `count` messages. */
  hash(count: number): string {
    while (this.#hashes.length <= count)
      this.#hashes.push(chain(this.#hashes.at(-1)!, this.messages[this.#hashes.length - 1]!));
    return this.#hashes[count]!;
  }

  /** What follows the turn in this telling, or undefined when the turn is not in it. */
  after(turn: StoredTurn): Continuation | undefined {
    const { messageCount: count } = turn;
    if (this.messages.length <= count) return undefined;
    const fresh = this.messages.slice(count);
    if (turn.reply === null)
      return this.hash(count) === turn.history ? { parent: turn, fresh, history: turn.history } : undefined;
    const reply = this.messages[count - 1]!;
    if (this.hash(count - 1) !== turn.asked || reply.role !== "assistant") return undefined;
    return chain("", reply) === chain("", replyOf(turn)) || isShortened(turn, reply)
      ? { parent: turn, fresh, history: this.hash(count) }
      : undefined;
  }

  /** It ends with what this turn was asked: the turn is wanted again. */
  asks = (turn: StoredTurn): boolean => turn.reply !== null && this.hash(this.messages.length) === turn.asked;
}

export const replyOf = ({ reply }: StoredTurn): Message => ({ role: "assistant", content: reply ?? "" });

/** Who left during a reply may have seen less of it than was generated. */
const isShortened = (turn: StoredTurn, { content }: Message): boolean =>
  turn.status === "cancelled" && turn.reply!.startsWith(content);

function along(tree: TurnTree, tip: StoredTurn, told: ClientHistory): Continuation | undefined {
  for (const { id } of tree.path(tip.id)) {
    const turn = tree.turn(id)!;
    const found = told.after(turn) ?? (told.asks(turn) ? before(tree, turn) : undefined);
    if (found) return found;
  }
  return undefined;
}

/** Reads the whole family: for who goes on from a branch that no head stands on. */
function anywhere(tree: TurnTree, told: ClientHistory): Continuation | undefined {
  let best: Continuation | undefined;
  for (const { id, status, hidden } of tree.all()) {
    if (status === "failed" || hidden) continue;
    const turn = tree.turn(id)!;
    const found = told.after(turn);
    if (found && (best?.parent?.depth ?? 0) < turn.depth) best = found;
  }
  return best;
}

/** The same question once more, beside this turn. */
function before(tree: TurnTree, turn: StoredTurn): Continuation {
  const parent = turn.parent === null ? undefined : tree.turn(turn.parent);
  return { parent, fresh: turn.request.messages, history: parent?.history ?? "" };
}

const instructionsOf = ({ reply }: TurnRequest): unknown => reply.echo?.instructions;

/** Without the instructions that lead a response's messages, where the turn before was given the same ones. */
export function unrepeated(request: TurnRequest, parent: StoredTurn | undefined, fresh: Message[]): Message[] {
  const instructions = instructionsOf(request);
  const known = typeof instructions === "string" && parent && instructionsOf(parent.request) === instructions;
  return known && fresh[0]?.role === "system" && fresh[0].content === instructions ? fresh.slice(1) : fresh;
}

/**
 * The longest end of `messages` whose prompt has at most `room` ids, with all system messages; at least the last message stays.
 * `encode` is asked about as often as a search by halves needs.
 */
export function fitted(
  messages: Message[],
  room: number,
  encode: (messages: Message[]) => number[],
): { messages: Message[]; prompt: number[] } {
  const without = (count: number) => {
    let left = count;
    return messages.filter(({ role }, i) => role === "system" || i === messages.length - 1 || left-- <= 0);
  };
  let [most, least] = [messages.filter(({ role }) => role !== "system").length - 1, 0];
  while (least < most) {
    const middle = (least + most) >> 1;
    if (encode(without(middle)).length <= room) most = middle;
    else least = middle + 1;
  }
  const kept = without(Math.max(0, least));
  return { messages: kept, prompt: encode(kept) };
}
