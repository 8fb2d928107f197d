/** turnItems: a turn's messages and its reply as the items that /v1/conversations and /v1/responses list. */
import * as z from "zod";
import "../shared/openapi.ts";
import { CallParser, type ReplyPiece } from "../../constrain/reply/call-parser.ts";
import type { Message } from "../../tokenizer/text-codec.ts";
import { ResponseOutput } from "../responses/output.ts";
import { callId, FIRST_INPUT } from "../shared/ids.ts";
import type { TurnView } from "./replies.ts";

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
      type: z.literal("function_call"),
      id: z.string(),
      status,
      call_id: z.string(),
      name: z.string(),
      arguments: z.string(),
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
  return turn.reply === null ? inputs : [...inputs, ...replyItems(turn, `${object}${turn.id}`)];
}

export function inputItem(message: Message, key: string): Item {
  const { role, content, callId = "" } = message;
  if (role === "tool")
    return { type: "function_call_output", id: `fco_${key}`, status: "completed", call_id: callId, output: content };
  const text =
    role === "assistant"
      ? { type: "output_text" as const, text: content, annotations: [], logprobs: [] }
      : { type: "input_text" as const, text: content };
  return { type: "message", id: `msg_${key}`, status: "completed", role, content: [text] };
}

/** Under the ids that the response itself gave them. */
function replyItems(turn: TurnView, key: string): Item[] {
  const output = new ResponseOutput(key);
  const parser = turn.calls && new CallParser(turn.calls);
  const text = turn.reply ?? "";
  const pieces: ReplyPiece[] = parser ? [...parser.push(text), ...parser.flush()] : [{ type: "text", text }];
  for (const piece of pieces) {
    if (piece.type === "text") output.text(piece.text);
    else if (piece.type === "call") output.call(callId(key, piece.index), piece.name);
    else output.arguments(piece.text);
  }
  output.end(turn.status === "completed" ? "completed" : turn.status === "running" ? "in_progress" : "incomplete");
  return output.items.map((one) =>
    one.type === "function_call"
      ? one
      : { ...one, content: one.content.map(({ text: said }) => ({ ...noMarks, type: "output_text", text: said })) },
  );
}

const noMarks = { annotations: [], logprobs: [] };
