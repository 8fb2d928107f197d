/**
 * POST /v1/messages: Anthropic's form of a request. Fields that are honoured, without effect (they
 * say so) or refused (all others).
 */
import * as z from "zod";
import "../shared/openapi.ts";
import { check } from "../../core/failure.ts";
import type { Message } from "../../tokenizer/text-codec.ts";
import { modelField, text, tokenLimit } from "../shared/fields.ts";
import { conversationId } from "../shared/ids.ts";
import { note, nullsAbsent, tolerant, withoutEffect } from "../shared/ignored.ts";
import { ALWAYS_TOLD, fieldsOfOthers } from "../shared/other-servers.ts";
import { recallField, recallOf } from "../shared/recall.ts";
import { samplingFields, samplingRequest } from "../shared/sampling-fields.ts";
import type { TurnRequest } from "../shared/turn.ts";
import { content, system } from "./blocks.ts";
import { messageShape, shapeOf } from "./reply-shape.ts";
import { type Said, saidMessages } from "./said-messages.ts";

const STOPS_MAX = 16;

const message = tolerant("messages[]", {
  role: z.enum(["user", "assistant", "system"], "expected one of user, assistant, system"),
  content: content.nullish(),
});

const stop = text(256).refine((value) => value.length > 0, "expected a non-empty string");

const fields = z.strictObject({
  model: modelField,
  messages: z.array(message).min(1).max(2048),
  system: system.nullish(),
  ...messageShape,
  conversation: z
    .union([conversationId, z.strictObject({ id: conversationId })], "expected an id or {id}")
    .nullish()
    .openapi({
      description: "An extension: the conversation that keeps the state. A header may also name it, as for chat.",
    }),
  recall: recallField,
  prefix: z
    .string()
    .min(1)
    .max(64)
    .nullish()
    .openapi({ description: "An extension: the shared prefix that the conversation begins with." }),
  ...fieldsOfOthers,
  ...withoutEffect({
    usage: ALWAYS_TOLD,
    store: "of /v1/messages: a `thread` or a conversation keeps its messages",
    speed: "there is only one speed",
    user_profile_id: "the key identifies the client",
    workspace_id: "the key identifies the client",
    mcp_servers: "the server does not call MCP servers",
    compaction: "a state does not grow",
    fallbacks: "there is only one model",
    fallback_credit_token: "there is only one model",
    billing_policy: "nothing is billed",
    metadata: "of /v1/messages: the key identifies the client",
    inference_geo: "the server has one location",
    container: "the server runs no code",
    diagnostics: "there are no diagnostics",
  }),
  max_tokens: tokenLimit.openapi({
    description: "The maximum number of tokens to generate. The default is what the context leaves.",
  }),
  stop_sequences: z.array(stop).max(STOPS_MAX).nullish(),
  stream: z.boolean().nullish(),
  thread: z
    .discriminatedUnion(
      "type",
      [
        tolerant("thread", { type: z.literal("create") }),
        tolerant("thread", { type: z.literal("continue"), previous_message_id: z.string().min(1).max(128) }),
      ],
      "expected create or continue",
    )
    .nullish()
    .openapi({
      description:
        "`create` keeps the message. `continue` continues from the state after an earlier message, with its tools; only new messages are sent.",
    }),
  ...samplingFields,
});

export const messageRequest = nullsAbsent(fields).openapi("MessageRequest");

export type MessageRequest = z.infer<typeof messageRequest>;

/** The turn that a request asks for. Fails with `request_invalid`. */
export function messageTurn(body: MessageRequest): Omit<TurnRequest, "tenant" | "persistent"> {
  const inherits = body.thread?.type === "continue" && body.tools == null;
  const messages = saidMessages(body.messages as Said[]);
  const last = messages.at(-1)?.role;
  check(last !== undefined, "request_invalid", () => "messages: expected at least one message with text", "messages");
  // Claude Code puts what it says of its surroundings behind the user's words, in a system message.
  const isAsked = last !== "assistant" && messages.some(({ role }) => role === "user" || role === "tool");
  check(
    isAsked,
    "request_invalid",
    () => `messages: expected the last one to be the user's, got the ${last}'s`,
    "messages",
  );
  return {
    model: body.model,
    messages: [...systemOf(body), ...messages],
    sampling: samplingRequest(body),
    seed: body.seed ?? undefined,
    maxTokens: body.max_tokens ?? undefined,
    stop: body.stop_sequences ?? [],
    ...shapeOf(body, inherits),
    ...(inherits ? { inheritsTools: true as const } : {}),
    ...recallOf(body),
    ...(body.prefix ? { prefix: body.prefix } : {}),
    reply: { object: "message", stream: body.stream === true, includeUsage: true },
  };
}

/**
 * Claude Code's first block tells Anthropic whom to bill, in every session in other words: no prompt that began with it
 * could go on from another one's state.
 */
const BILLING = "x-anthropic-billing-header";

function systemOf({ system: given }: MessageRequest): Message[] {
  const blocks = typeof given === "string" ? [{ text: given }] : (given ?? []);
  const said = blocks.filter(({ text: words }) => !words.startsWith(`${BILLING}:`));
  if (said.length < blocks.length) note(`system[]:${BILLING}`);
  const words = said.map((one) => one.text).join("\n\n");
  return words === "" ? [] : [{ role: "system", content: words }];
}
