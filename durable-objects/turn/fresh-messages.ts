/** What of a request's new messages is fed: not the instructions that the state has read already, and no more than fits. */
import type { TurnRequest } from "../../src/api/shared/turn.ts";
import type { Message } from "../../src/tokenizer/text-codec.ts";
import type { StoredTurn } from "../storage/turn-tree.ts";

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
