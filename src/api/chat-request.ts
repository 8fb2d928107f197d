/** POST /v1/chat/completions: the fields that are honoured, ignored (listed below) or refused (all others). */
import { z } from "zod";
import { Failure } from "../core/failure.ts";
import type { Message } from "../tokenizer/text-codec.ts";
import { conversationId } from "./ids.ts";
import { samplingFields, TOP_LOGPROBS_MAX, text } from "./sampling-fields.ts";
import type { TurnRequest } from "./turn.ts";

const TEXT_MAX_CHARS = 1_000_000;
const part = z.strictObject({ type: z.literal("text"), text: text(TEXT_MAX_CHARS) });
const content = z
  .union([text(TEXT_MAX_CHARS), z.array(part).min(1).max(1024)], "expected a string or a list of text parts")
  .transform((value) => (typeof value === "string" ? value : value.map((item) => item.text).join("")));

const name = z
  .string()
  .regex(/^[\w-]{1,64}$/, "expected 1 to 64 letters, digits, _ or -")
  .nullish();
const nothing = z.union([z.null(), z.tuple([])], "is not supported").optional();

const message = z.discriminatedUnion(
  "role",
  [
    z.strictObject({ role: z.enum(["system", "developer", "user"]), content, name }),
    // A client sends our own replies back with these fields, empty.
    z.strictObject({
      role: z.literal("assistant"),
      content,
      name,
      refusal: nothing,
      annotations: nothing,
      audio: nothing,
      function_call: nothing,
      tool_calls: nothing,
    }),
    z.strictObject({ role: z.literal("tool"), content, tool_call_id: z.string().max(128).optional() }),
  ],
  "expected one of system, developer, user, assistant, tool",
);

const tokens = z.int().min(1).max(1_000_000).nullish();

/** Accepted and without effect: who asks, and hints about other servers' storage and scheduling. */
const ignored = {
  user: z.string().max(512).nullish(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullish(),
  safety_identifier: z.string().max(512).nullish(),
  prompt_cache_key: z.string().max(512).nullish(),
  service_tier: z.string().max(64).nullish(),
  store: z.boolean().nullish(),
};

export const chatRequest = z.strictObject({
  model: z.string().min(1).max(128),
  messages: z.array(message).min(1).max(2048),
  conversation: z.union([conversationId, z.strictObject({ id: conversationId })], "expected an id or {id}").nullish(),
  max_tokens: tokens,
  max_completion_tokens: tokens,
  n: z.literal(1, "expected 1: one reply per request").nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_usage: z.boolean().nullish() }).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(TOP_LOGPROBS_MAX).nullish(),
  response_format: z.strictObject({ type: z.literal("text", 'expected "text"') }).nullish(),
  ...samplingFields,
  ...ignored,
});

export type ChatRequest = z.infer<typeof chatRequest>;

/** The turn that a chat request asks for. */
export function chatTurn(body: ChatRequest): Omit<TurnRequest, "tenant" | "persistent"> {
  if (body.top_logprobs != null && !body.logprobs) {
    throw new Failure("request_invalid", "top_logprobs: expected logprobs: true beside it", { param: "top_logprobs" });
  }
  if (body.stream_options && !body.stream) {
    throw new Failure("request_invalid", "stream_options: expected stream: true beside it", {
      param: "stream_options",
    });
  }
  if (body.messages.at(-1)!.role === "assistant") {
    throw new Failure("request_invalid", "messages: expected the last one not to be the assistant's", {
      param: "messages",
    });
  }
  return {
    model: body.model,
    messages: body.messages.map(toMessage),
    sampling: samplingOf(body),
    seed: body.seed ?? undefined,
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
    stop: body.stop == null ? [] : [body.stop].flat(),
    topLogprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
    reply: {
      object: "chat.completion",
      stream: body.stream === true,
      includeUsage: body.stream_options?.include_usage === true,
    },
  };
}

function toMessage({ role, content, ...rest }: ChatRequest["messages"][number]): Message {
  const named = "name" in rest && rest.name ? { name: rest.name } : {};
  return { role: role === "developer" ? "system" : role, content, ...named };
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
