/**
 * truncated: what stays of a request's messages where all of them are too long for the model and its client
 * allows older ones to be left out.
 */
import type { Message } from "../../src/tokenizer/text-codec.ts";

/**
 * The longest end of `messages` whose prompt has at most `room` ids, with all system messages; at least the last
 * message stays. `encode` is asked about as often as a search by halves needs.
 */
export function truncated(
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
