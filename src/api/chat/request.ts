/**
 * POST /v1/chat/completions: the fields that are honoured, ignored (their descriptions say so) or refused (all others).
 */
import * as z from "zod";
import "../shared/openapi.ts";
import { check } from "../../core/failure.ts";
import type { Message } from "../../tokenizer/text-codec.ts";
import {
  bestOf,
  chatStreamOptions,
  checkBestOf,
  metadata,
  modelField,
  name,
  prefixField,
  TEXT_MAX_CHARS,
  text,
  tokenLimit,
  usageField,
  wantsUsage,
} from "../shared/fields.ts";
import { conversationId } from "../shared/ids.ts";
import { leftOut, nullsAbsent, tolerant } from "../shared/ignored.ts";
import { fieldsOfOthers } from "../shared/other-servers.ts";
import { recallField, recallOf } from "../shared/recall.ts";
import { samplingFields, samplingRequest, stopField, TOP_LOGPROBS_MAX } from "../shared/sampling-fields.ts";
import type { TurnRequest } from "../shared/turn.ts";
import { isOlder } from "./older-calls.ts";
import { chatShape, shapeOf } from "./reply-shape.ts";
import { checkCallIds, functionCall, saidText, toolCallId, toolCalls } from "./tool-calls.ts";

export const CHOICES_MAX = 8;

const PARTS = "messages[].content[]";
const notText = "expected text: images, audio and files are not supported";
const textPart = tolerant(PARTS, { type: z.enum(["text", "input_text", "output_text"]), text: text(TEXT_MAX_CHARS) });
const refusalPart = tolerant(PARTS, { type: z.literal("refusal"), refusal: text(TEXT_MAX_CHARS) });
/** Thoughts of other models are no part of what was said. */
const thoughtPart = leftOut(PARTS, ["thinking", "redacted_thinking", "reasoning"]);

const part = z.discriminatedUnion("type", [textPart, refusalPart], notText);
const saidPart = z.discriminatedUnion("type", [textPart, refusalPart, thoughtPart], notText);

const joined = (value: string | readonly z.infer<typeof saidPart>[]): string =>
  typeof value === "string"
    ? value
    : value
        .map((item) => (item.type === "left_out" ? "" : item.type === "refusal" ? item.refusal : item.text))
        .join("");

const textOrParts = "expected a string or a list of text parts";
const content = z.union([text(TEXT_MAX_CHARS), z.array(part).min(1).max(1024)], textOrParts).transform(joined);
/** Of a reply or a tool, which may have nothing to say. */
const anyContent = z.union([text(TEXT_MAX_CHARS), z.array(saidPart).max(1024)], textOrParts).transform(joined);

const message = z.discriminatedUnion(
  "role",
  [
    tolerant("messages[]", { role: z.enum(["system", "developer", "user"]), content, name }),
    tolerant("messages[]", {
      role: z.literal("assistant"),
      content: anyContent.nullish(),
      name,
      refusal: text(TEXT_MAX_CHARS).nullish(),
      tool_calls: toolCalls,
      function_call: functionCall.nullish(),
    }),
    tolerant("messages[]", { role: z.literal("tool"), content: anyContent, tool_call_id: toolCallId }),
    tolerant("messages[]", { role: z.literal("function"), content: anyContent.nullish() }),
  ],
  "expected one of system, developer, user, assistant, tool",
);

export const messagesField = z.array(message).min(1).max(2048);

const fields = z.strictObject({
  model: modelField,
  messages: messagesField,
  conversation: z.union([conversationId, z.strictObject({ id: conversationId })], "expected an id or {id}").nullish(),
  prefix: prefixField,
  max_tokens: tokenLimit.openapi({ description: "The older name of `max_completion_tokens`." }),
  max_completion_tokens: tokenLimit,
  n: z.int().min(1).max(CHOICES_MAX).nullish().openapi({
    description: "How many replies to generate. The messages are computed once. Not available in a conversation.",
  }),
  stream: z.boolean().nullish(),
  stream_options: chatStreamOptions.nullish(),
  background: z.boolean().nullish().openapi({
    description:
      "Continues generating when the client disconnects; the reply can be read at GET /v1/chat/completions/{id}. Only for replies that are kept.",
  }),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(TOP_LOGPROBS_MAX).nullish(),
  ...chatShape,
  store: z.boolean().nullish().openapi({
    description:
      "Whether to keep the reply so that it can be requested by its id. Replies in a conversation are always kept.",
  }),
  metadata: metadata.nullish(),
  recall: recallField,
  modalities: z.tuple([z.literal("text")], "expected [text]").nullish(),
  best_of: bestOf,
  usage: usageField,
  ...samplingFields,
  stop: stopField,
  ...fieldsOfOthers,
});

export const chatRequest = nullsAbsent(fields, ["messages"]).openapi("ChatCompletionRequest");

export type ChatRequest = z.infer<typeof chatRequest>;

/** The turn that a chat request asks for. `kept`: its reply is stored, in a session or by its own wish. */
export function chatTurn(body: ChatRequest, kept = false): Omit<TurnRequest, "tenant" | "persistent"> {
  const refuse = (param: string, holds: boolean, message: string) =>
    check(holds, "request_invalid", () => `${param}: ${message}`, param);
  // None of them asks for nothing.
  refuse("top_logprobs", !body.top_logprobs || body.logprobs === true, "expected logprobs: true beside it");
  refuse(
    "n",
    (body.n ?? 1) === 1 || !kept,
    `expected 1 where the reply is kept, got ${body.n}: a state goes on from one reply`,
  );
  refuse("n", (body.n ?? 1) === 1 || !body.prefix, `expected 1 with a prefix, got ${body.n}`);
  checkBestOf(body);
  refuse("background", !body.background || kept, "expected a conversation or store: true beside it");
  return {
    model: body.model,
    messages: chatMessages(body.messages),
    sampling: samplingRequest(body),
    seed: body.seed ?? undefined,
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
    stop: body.stop == null ? [] : [body.stop].flat(),
    topLogprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
    ...shapeOf(body),
    ...(body.n != null && body.n > 1 ? { choices: body.n } : {}),
    ...(body.prefix ? { prefix: body.prefix } : {}),
    ...(body.metadata ? { metadata: body.metadata } : {}),
    ...(body.background ? { background: true } : {}),
    ...recallOf(body),
    reply: {
      object: "chat.completion",
      stream: body.stream === true,
      includeUsage: wantsUsage(body),
      ...(body.stream_options?.include_progress ? { includeProgress: true } : {}),
      ...(isOlder(body) ? { olderCalls: true } : {}),
    },
  };
}

type Said = ChatRequest["messages"][number];
type Reply = Extract<Said, { role: "assistant" }>;

/** A refusal is what was said where nothing else was. */
const wordsOf = ({ content, refusal }: Reply): string | undefined => content ?? refusal ?? undefined;

const callsOf = ({ tool_calls: calls, function_call: call }: Reply) => [
  ...(calls ?? []).map((one) => one.function),
  ...(call ? [call] : []),
];

/**
 * What the model is told. Fails with `request_invalid` where a message says nothing, or answers no call of the history.
 */
export function chatMessages(given: readonly Said[]): Message[] {
  given.forEach((said, i) => {
    const field = `messages[${i}].content`;
    const hasWords = said.role !== "assistant" || wordsOf(said) !== undefined || callsOf(said).length > 0;
    check(hasWords, "request_invalid", () => `${field}: expected text, or tool_calls beside it`, field);
  });
  checkCallIds(given);
  return given.map(toMessage);
}

function toMessage(said: Said): Message {
  if (said.role === "assistant") {
    const named = said.name ? { name: said.name } : {};
    return { role: said.role, content: saidText(wordsOf(said) ?? "", callsOf(said)), ...named };
  }
  if (said.role === "function") return { role: "tool", content: said.content ?? "" };
  const { role, content } = said;
  if (said.role === "tool")
    return { role: "tool", content, ...(said.tool_call_id ? { callId: said.tool_call_id } : {}) };
  return { role: role === "developer" ? "system" : role, content, ...(said.name ? { name: said.name } : {}) };
}
