/** turnItems: a turn's messages and its reply as the items that /v1/conversations and /v1/responses list. */
import { z } from "@hono/zod-openapi";
import type { Message } from "../tokenizer/text-codec.ts";
import type { TurnView } from "./conversation-reply.ts";
import { FIRST_INPUT } from "./ids.ts";

const status = z.enum(["in_progress", "completed", "incomplete"]);
const part = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("input_text"), text: z.string() }),
  z.strictObject({
    type: z.literal("output_text"),
    text: z.string(),
    annotations: z.array(z.unknown()).max(0),
    logprobs: z.array(z.unknown()).max(0),
  }),
]);

export const item = z
  .discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("message"),
      id: z.string(),
      status,
      role: z.enum(["user", "assistant", "system"]),
      content: z.array(part),
    }),
    z.strictObject({
      type: z.literal("function_call_output"),
      id: z.string(),
      status,
      call_id: z.string(),
      output: z.string(),
    }),
  ])
  .openapi("Item");

export type Item = z.infer<typeof item>;

/** In the order in which they were said. `object`: the name of the turn's object. */
export function turnItems(turn: TurnView, object: string): Item[] {
  const inputs = turn.messages.map((message, i) => inputItem(message, `${object}${turn.id}_${FIRST_INPUT + i}`));
  return turn.reply === null ? inputs : [...inputs, replyItem(turn, `msg_${object}${turn.id}_0`)];
}

export function inputItem(message: Message, key: string): Item {
  const { role, content } = message;
  if (role === "tool")
    return { type: "function_call_output", id: `fco_${key}`, status: "completed", call_id: "", output: content };
  const text =
    role === "assistant"
      ? { type: "output_text" as const, text: content, annotations: [], logprobs: [] }
      : { type: "input_text" as const, text: content };
  return { type: "message", id: `msg_${key}`, status: "completed", role, content: [text] };
}

function replyItem(turn: TurnView, id: string): Item {
  const text = { type: "output_text" as const, text: turn.reply ?? "", annotations: [], logprobs: [] };
  const done = turn.status === "completed" ? "completed" : turn.status === "running" ? "in_progress" : "incomplete";
  return { type: "message", id, status: done, role: "assistant", content: [text] };
}
