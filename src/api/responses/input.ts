/** The `input` of /v1/responses and the items of /v1/conversations: what a caller may say, as messages. */
import * as z from "zod";
import "../shared/openapi.ts";
import { check } from "../../core/failure.ts";
import { TextSet } from "../../core/text-keys.ts";
import type { Message } from "../../tokenizer/text-codec.ts";
import { TEXT_MAX_CHARS, text } from "../shared/fields.ts";
import { leftOut, silent, tolerant } from "../shared/ignored.ts";
import { type SaidReply, saidReply, writeReplies } from "../shared/said-reply.ts";

const ITEMS_MAX = 2048;
const refused = "expected text: images, audio and files are not supported";

const PARTS = "input[].content[]";
const textPart = tolerant(PARTS, {
  type: z.enum(["input_text", "output_text", "text"]),
  text: text(TEXT_MAX_CHARS),
  // What our own output has beside the text.
  annotations: silent,
  logprobs: silent,
});
const refusalPart = tolerant(PARTS, { type: z.literal("refusal"), refusal: text(TEXT_MAX_CHARS) });
/** Thoughts of other models are no part of what was said. */
const thoughtPart = leftOut(PARTS, ["reasoning_text", "summary_text"]);

const part = z.discriminatedUnion("type", [textPart, refusalPart, thoughtPart], refused);
const content = z.union([text(TEXT_MAX_CHARS), z.array(part).max(1024)], refused);

const ITEM = "input[]";
/** Of our own items, and of any server's. */
const frame = { id: silent, status: silent };

const kinds = "expected message, function_call, function_call_output or item_reference";

const message = tolerant(ITEM, {
  type: z.literal("message", kinds).optional(),
  ...frame,
  role: z.enum(["user", "assistant", "system", "developer"]),
  content,
  phase: silent,
});
const callId = z.string().min(1).max(256);
/** Of a call that was made: it may have been another server's, with other rules for names. */
const calledName = text(256).refine((value) => value.length > 0, "expected a name");
const functionCall = tolerant(ITEM, {
  type: z.literal("function_call", kinds),
  ...frame,
  call_id: callId,
  name: calledName,
  arguments: text(TEXT_MAX_CHARS),
});
const functionCallOutput = tolerant(ITEM, {
  type: z.literal("function_call_output", kinds),
  ...frame,
  call_id: callId,
  output: content,
});
const customCall = tolerant(ITEM, {
  type: z.literal("custom_tool_call"),
  ...frame,
  call_id: callId,
  name: calledName,
  input: text(TEXT_MAX_CHARS),
}).transform(({ call_id, name, input: given }) => ({
  type: "function_call" as const,
  call_id,
  name,
  arguments: JSON.stringify({ input: given }),
}));
const customCallOutput = tolerant(ITEM, {
  type: z.literal("custom_tool_call_output"),
  ...frame,
  call_id: callId,
  output: content,
}).transform((item) => ({ ...item, type: "function_call_output" as const }));

/** One of our own items, by its id. */
const itemReference = tolerant(ITEM, {
  type: z.literal("item_reference", kinds).optional(),
  id: z.string().min(1).max(128),
});

/** Stands for all before it: what /v1/responses/compact gave out. */
const compaction = tolerant(ITEM, {
  type: z.enum(["compaction", "compaction_summary"]),
  ...frame,
  created_by: silent,
  encrypted_content: z.string().min(1).max(1024),
}).transform(({ encrypted_content }) => ({ type: "compaction" as const, encrypted_content }));

/** What other servers' models and tools leave in a history, and no model here can read. */
const foreign = leftOut(ITEM, [
  "reasoning",
  "web_search_call",
  "file_search_call",
  "computer_call",
  "computer_call_output",
  "code_interpreter_call",
  "image_generation_call",
  "local_shell_call",
  "local_shell_call_output",
  "shell_call",
  "shell_call_output",
  "apply_patch_call",
  "apply_patch_call_output",
  "mcp_list_tools",
  "mcp_approval_request",
  "mcp_approval_response",
  "mcp_call",
]);

/** A message may leave its type out, and so may a reference. */
export const inputItem = z
  .union(
    [message, functionCall, functionCallOutput, customCall, customCallOutput, compaction, foreign, itemReference],
    `expected an item: ${kinds}`,
  )
  .openapi("InputItem");

const inputItems = z.array(inputItem).max(ITEMS_MAX);

export const input = z.union(
  [text(TEXT_MAX_CHARS).refine((value) => value.length > 0, "expected a non-empty text"), inputItems],
  "expected a text or a list of items",
);

export type InputItem = z.infer<typeof inputItem>;
type ItemReference = z.infer<typeof itemReference>;
export type CompactionItem = z.infer<typeof compaction>;

const textOf = (value: z.infer<typeof content>): string =>
  typeof value === "string"
    ? value
    : value
        .map((piece) => (piece.type === "left_out" ? "" : piece.type === "refusal" ? piece.refusal : piece.text))
        .join("");

export const isReference = (item: InputItem): item is ItemReference =>
  "id" in item && !("role" in item) && (item.type === undefined || item.type === "item_reference");

/**
 * Messages of a list of items. An assistant's text and the calls behind it are one message: what the model wrote. Fails
 * with `request_invalid` where an output answers no call, of a list that has calls.
 */
export function messagesOf(value: z.infer<typeof input> | null | undefined): Message[] {
  if (value == null) return [];
  if (typeof value === "string") return [{ role: "user", content: value }];
  const calls = new TextSet(value.flatMap((item) => (item.type === "function_call" ? [item.call_id] : [])));
  const messages: Message[] = [];
  const replies: SaidReply[] = [];
  let said: SaidReply | undefined;
  for (const [i, item] of value.entries()) {
    if (item.type === "left_out") continue;
    const misplaced = `input[${i}].type`;
    check(
      item.type !== "compaction",
      "request_invalid",
      () => `${misplaced}: expected an item that was said`,
      misplaced,
    );
    const unresolved = `input[${i}].id`;
    check(!isReference(item), "not_found", () => `${unresolved}: no such item`, unresolved);
    if (item.type === "function_call") {
      if (!said) {
        said = saidReply();
        messages.push(said.message);
        replies.push(said);
      }
      said.calls.push({ name: item.name, arguments: item.arguments || "{}" });
      continue;
    }
    said = undefined;
    if (item.type === "function_call_output") {
      const field = `input[${i}].call_id`;
      const answers = calls.size === 0 || calls.has(item.call_id);
      check(answers, "request_invalid", () => `${field}: expected the id of a call of this input`, field);
      messages.push({ role: "tool", content: textOf(item.output), callId: item.call_id });
      continue;
    }
    const text = textOf(item.content);
    const field = `input[${i}].content`;
    const isSaid = text !== "" || item.role === "assistant" || typeof item.content === "string";
    check(isSaid, "request_invalid", () => `${field}: expected some text`, field);
    if (item.role === "assistant") {
      said = saidReply(text);
      messages.push(said.message);
      replies.push(said);
    } else messages.push({ role: item.role === "developer" ? "system" : item.role, content: text });
  }
  writeReplies(replies);
  return messages;
}
