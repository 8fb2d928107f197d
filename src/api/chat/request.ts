/** POST /v1/chat/completions: the fields that are honoured, ignored (their descriptions say so) or refused (all others). */
import { z } from "@hono/zod-openapi";
import { check } from "../../core/failure.ts";
import type { Message } from "../../tokenizer/text-codec.ts";
import {
  ignoredFields,
  metadata,
  modelField,
  name,
  streamOptions,
  TEXT_MAX_CHARS,
  text,
  tokenLimit,
} from "../shared/fields.ts";
import { conversationId } from "../shared/ids.ts";
import { recallField, recallOf } from "../shared/recall.ts";
import { samplingFields, TOP_LOGPROBS_MAX } from "../shared/sampling-fields.ts";
import type { TurnRequest } from "../shared/turn.ts";
import { chatShape, shapeOf } from "./reply-shape.ts";
import { checkCallIds, saidText, toolCallId, toolCalls } from "./tool-calls.ts";

export const CHOICES_MAX = 8;

const part = z.discriminatedUnion(
  "type",
  [
    z.strictObject({ type: z.literal("text"), text: text(TEXT_MAX_CHARS) }),
    z.strictObject({ type: z.literal("refusal"), refusal: text(TEXT_MAX_CHARS) }),
  ],
  "expected text: images, audio and files are not supported",
);
const content = z
  .union([text(TEXT_MAX_CHARS), z.array(part).min(1).max(1024)], "expected a string or a list of text parts")
  .transform((value) =>
    typeof value === "string" ? value : value.map((item) => (item.type === "text" ? item.text : item.refusal)).join(""),
  );
const nothing = z.union([z.null(), z.tuple([])], "is not supported").optional();

const message = z.discriminatedUnion(
  "role",
  [
    z.strictObject({ role: z.enum(["system", "developer", "user"]), content, name }),
    // A client sends our own replies back with fields that are empty.
    z.strictObject({
      role: z.literal("assistant"),
      content: content.nullish(),
      name,
      refusal: nothing,
      annotations: nothing,
      audio: nothing,
      function_call: nothing,
      tool_calls: toolCalls,
    }),
    z.strictObject({ role: z.literal("tool"), content, tool_call_id: toolCallId }),
  ],
  "expected one of system, developer, user, assistant, tool",
);

const chatStreamOptions = streamOptions.extend({
  include_progress: z.boolean().nullish().openapi({
    description:
      "Chunks with `progress: {done, total}` and no choices while a long prompt is read. They have no id and are not repeated.",
  }),
});

export const chatRequest = z
  .strictObject({
    model: modelField,
    messages: z.array(message).min(1).max(2048),
    conversation: z.union([conversationId, z.strictObject({ id: conversationId })], "expected an id or {id}").nullish(),
    prefix: z
      .string()
      .min(1)
      .max(64)
      .nullish()
      .openapi({ description: "A shared prefix that the conversation begins with." }),
    max_tokens: tokenLimit.openapi({ description: "The older name of max_completion_tokens." }),
    max_completion_tokens: tokenLimit,
    n: z.int().min(1).max(CHOICES_MAX).nullish().openapi({
      description: "Replies to the same messages, which are computed once. Not in a session.",
    }),
    stream: z.boolean().nullish(),
    stream_options: chatStreamOptions.nullish(),
    background: z.boolean().nullish().openapi({
      description:
        "The reply goes on when its reader leaves, and is read on at GET /v1/chat/completions/{id}. For replies that are kept.",
    }),
    logprobs: z.boolean().nullish(),
    top_logprobs: z.int().min(0).max(TOP_LOGPROBS_MAX).nullish(),
    ...chatShape,
    store: z
      .boolean()
      .nullish()
      .openapi({ description: "Keeps the reply, to be asked for by its id. In a session it always is." }),
    metadata: metadata.nullish(),
    recall: recallField,
    modalities: z.tuple([z.literal("text")], "expected [text]").nullish(),
    ...samplingFields,
    ...ignoredFields,
  })
  .openapi("ChatCompletionRequest");

export type ChatRequest = z.infer<typeof chatRequest>;

/** The turn that a chat request asks for. `kept`: its reply is stored, in a session or by its own wish. */
export function chatTurn(body: ChatRequest, kept = false): Omit<TurnRequest, "tenant" | "persistent"> {
  const refuse = (param: string, holds: boolean, message: string) =>
    check(holds, "request_invalid", () => `${param}: ${message}`, param);
  refuse("top_logprobs", body.top_logprobs == null || body.logprobs === true, "expected logprobs: true beside it");
  refuse("stream_options", body.stream_options == null || body.stream === true, "expected stream: true beside it");
  refuse("messages", body.messages.at(-1)!.role !== "assistant", "expected the last one not to be the assistant's");
  body.messages.forEach((said, i) => {
    const hasWords = said.role !== "assistant" || said.content != null || (said.tool_calls ?? []).length > 0;
    refuse(`messages[${i}].content`, hasWords, "expected text, or tool_calls beside it");
  });
  checkCallIds(body.messages);
  refuse("n", (body.n ?? 1) === 1 || !kept, "expected 1 where the reply is kept: a state goes on from one reply");
  refuse("n", (body.n ?? 1) === 1 || !body.prefix, "expected 1 with a prefix");
  refuse("background", !body.background || kept, "expected a conversation or store: true beside it");
  return {
    model: body.model,
    messages: body.messages.map(toMessage),
    sampling: samplingOf(body),
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
      includeUsage: body.stream_options?.include_usage === true,
      ...(body.stream_options?.include_progress ? { includeProgress: true } : {}),
    },
  };
}

function toMessage(said: ChatRequest["messages"][number]): Message {
  const { role } = said;
  const content = role === "assistant" ? saidText(said.content ?? "", said.tool_calls) : said.content;
  const named = "name" in said && said.name ? { name: said.name } : {};
  const answers = said.role === "tool" && said.tool_call_id ? { callId: said.tool_call_id } : {};
  return { role: role === "developer" ? "system" : role, content, ...named, ...answers };
}

export function samplingOf(body: Pick<ChatRequest, keyof typeof samplingFields>): TurnRequest["sampling"] {
  return {
    temperature: body.temperature ?? undefined,
    topK: body.top_k ?? undefined,
    topP: body.top_p ?? undefined,
    minP: body.min_p ?? undefined,
    repetitionPenalty: body.repetition_penalty ?? undefined,
    presencePenalty: body.presence_penalty ?? undefined,
    frequencyPenalty: body.frequency_penalty ?? undefined,
    logitBias: body.logit_bias ? Object.entries(body.logit_bias).map(([id, bias]) => [Number(id), bias]) : undefined,
  };
}
