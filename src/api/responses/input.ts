/** The `input` of /v1/responses and the items of /v1/conversations: what a caller may say, as messages. */
import { z } from "@hono/zod-openapi";
import { replyText } from "../../constrain/reply/reply-grammar.ts";
import { check } from "../../core/failure.ts";
import type { Message } from "../../tokenizer/text-codec.ts";
import { name, TEXT_MAX_CHARS, text } from "../shared/fields.ts";

const ITEMS_MAX = 2048;
const refused = "expected text: images, audio and files are not supported";

const part = z.discriminatedUnion(
  "type",
  [
    z.strictObject({ type: z.literal("input_text"), text: text(TEXT_MAX_CHARS) }),
    // A client sends our own output back with what it had beside the text.
    z.strictObject({
      type: z.literal("output_text"),
      text: text(TEXT_MAX_CHARS),
      annotations: z.array(z.unknown()).max(1024).nullish(),
      logprobs: z.array(z.unknown()).max(100_000).nullish(),
    }),
    z.strictObject({ type: z.literal("refusal"), refusal: text(TEXT_MAX_CHARS) }),
  ],
  refused,
);
const content = z.union([text(TEXT_MAX_CHARS), z.array(part).min(1).max(1024)], refused);

const id = z.string().max(128).nullish();
const status = z.enum(["in_progress", "completed", "incomplete"]).nullish();

const kinds = "expected message, function_call or function_call_output";

const message = z.strictObject({
  type: z.literal("message", kinds).optional(),
  id,
  status,
  role: z.enum(["user", "assistant", "system", "developer"]),
  content,
  phase: z.string().max(64).nullish(),
});
const callId = z.string().min(1).max(128);
const functionCall = z.strictObject({
  type: z.literal("function_call", kinds),
  id,
  status,
  call_id: callId,
  name: name.unwrap().unwrap(),
  arguments: text(TEXT_MAX_CHARS),
});
const functionCallOutput = z.strictObject({
  type: z.literal("function_call_output", kinds),
  id,
  status,
  call_id: callId,
  output: content,
});

/** A message may leave its type out. */
export const inputItem = z
  .union([message, functionCall, functionCallOutput], `expected an item: ${kinds}`)
  .openapi("InputItem");

export const inputItems = z.array(inputItem).min(1).max(ITEMS_MAX);

export const input = z.union(
  [text(TEXT_MAX_CHARS).refine((value) => value.length > 0, "expected a non-empty text"), inputItems],
  "expected a text or a list of items",
);

export type InputItem = z.infer<typeof inputItem>;

const textOf = (value: z.infer<typeof content>): string =>
  typeof value === "string"
    ? value
    : value.map((piece) => (piece.type === "refusal" ? piece.refusal : piece.text)).join("");

/**
 * Messages of a list of items. An assistant's text and the calls behind it are one message: what the model wrote. Fails with
 * `request_invalid` where an output answers no call, of a list that has calls.
 */
export function messagesOf(value: z.infer<typeof input>): Message[] {
  if (typeof value === "string") return [{ role: "user", content: value }];
  const calls = new Set(value.flatMap((item) => (item.type === "function_call" ? [item.call_id] : [])));
  const messages: Message[] = [];
  let said: { text: string; calls: { name: string; arguments: string }[] } | undefined;
  value.forEach((item, i) => {
    if (item.type === "function_call") {
      if (!said) messages.push({ role: "assistant", content: "" });
      said ??= { text: "", calls: [] };
      said.calls.push({ name: item.name, arguments: item.arguments });
      messages[messages.length - 1] = { role: "assistant", content: replyText(said.text, said.calls) };
      return;
    }
    said = undefined;
    if (item.type === "function_call_output") {
      const field = `input[${i}].call_id`;
      const answers = calls.size === 0 || calls.has(item.call_id);
      check(answers, "request_invalid", () => `${field}: expected the id of a call of this input`, field);
      messages.push({ role: "tool", content: textOf(item.output), callId: item.call_id });
      return;
    }
    const text = textOf(item.content);
    messages.push({ role: item.role === "developer" ? "system" : item.role, content: text });
    if (item.role === "assistant") said = { text, calls: [] };
  });
  return messages;
}
