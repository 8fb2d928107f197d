/** POST /v1/responses: the fields that are honoured, ignored (their descriptions say so) or refused (all others). */
import * as z from "zod";
import "../shared/openapi.ts";
import { check, Failure } from "../../core/failure.ts";
import type { Message } from "../../tokenizer/text-codec.ts";
import {
  includable,
  LOGPROBS,
  metadata,
  modelField,
  responseStreamOptions,
  TEXT_MAX_CHARS,
  text,
  tokenLimit,
} from "../shared/fields.ts";
import { conversationId } from "../shared/ids.ts";
import { note, nullsAbsent, repeatedOnly, withoutEffect } from "../shared/ignored.ts";
import { ALWAYS_TOLD, fieldsOfOthers, repeatedIdentity } from "../shared/other-servers.ts";
import { recallField, recallOf } from "../shared/recall.ts";
import { samplingFields, samplingRequest, stopField, TOP_LOGPROBS_MAX } from "../shared/sampling-fields.ts";
import type { TurnRequest } from "../shared/turn.ts";
import { echoOf } from "./echo.ts";
import { input, messagesOf } from "./input.ts";
import { responseShape, shapeOf } from "./reply-shape.ts";

const fields = {
  model: modelField,
  input: input.nullish().openapi({
    description:
      "A text, or a list of items, that continues the conversation. It may be left out if the conversation already holds messages that were not answered.",
  }),
  instructions: text(TEXT_MAX_CHARS).nullish().openapi({
    description:
      "A system message before the input. It holds for this request: what goes on from the response does not have it.",
  }),
  previous_response_id: z.string().min(1).max(128).nullish().openapi({
    description:
      "Continues from the model's state after that response. A second response to the same one forks the conversation there.",
  }),
  conversation: z.union([conversationId, z.strictObject({ id: conversationId })], "expected an id or {id}").nullish(),
  store: z.boolean().nullish().openapi({
    description:
      "Whether to keep the response. The default is true. With false nothing is kept, and the id cannot be requested later.",
  }),
  metadata: metadata.nullish(),
  recall: recallField,
  max_output_tokens: tokenLimit,
  truncation: z.enum(["auto", "disabled"]).nullish().openapi({
    description: "`auto` leaves out the oldest items of the input that do not fit; what a state holds stays.",
  }),
  include: z
    .array(
      includable.transform((value) => {
        if (value !== LOGPROBS) note(`include:${value}`);
        return value;
      }),
    )
    .max(16)
    .nullish()
    .openapi({ description: `Only \`${LOGPROBS}\` has an effect.` }),
  top_logprobs: z.int().min(0).max(TOP_LOGPROBS_MAX).nullish(),
  ...withoutEffect({ usage: ALWAYS_TOLD }),
  max_tool_calls: repeatedOnly(
    "max_tool_calls",
    "it counts built-in tools, and there are none",
    z.int().min(1).max(1_000_000).nullish(),
  ),
  prefix: z
    .string()
    .min(1)
    .max(64)
    .nullish()
    .openapi({ description: "The shared prefix that a new conversation begins with." }),
  ...responseShape,
  ...samplingFields,
  stop: stopField,
  ...fieldsOfOthers,
  ...repeatedIdentity,
};

const body = z.strictObject({
  ...fields,
  stream: z.boolean().nullish(),
  stream_options: responseStreamOptions.nullish(),
  background: z.boolean().nullish().openapi({
    description: "Continues generating when no client is connected; the response can be requested by its id.",
  }),
});

export const responseRequest = nullsAbsent(body, ["input"]).openapi("ResponseRequest");

/** A history to be compacted into one item. Fields that say how a reply is made have no effect, since none is made. */
export const compactRequest = nullsAbsent(
  z.strictObject({
    model: modelField,
    input: input.nullish(),
    previous_response_id: fields.previous_response_id,
    conversation: fields.conversation,
    ...withoutEffect({
      instructions: "of /v1/responses/compact: instructions apply to one request and are not part of a state",
    }),
    ...fieldsOfOthers,
    ...repeatedIdentity,
  }),
  ["input"],
).openapi("CompactRequest");

export type CompactRequest = z.infer<typeof compactRequest>;

/** A message over a WebSocket: the same fields; it always streams, and never runs in the background. */
export const responseCreate = nullsAbsent(
  z.strictObject({
    type: z.literal("response.create"),
    ...fields,
    stream_id: z.string().min(1).max(128).optional(),
    background: z.literal(false, "is not supported over a WebSocket").nullish(),
    generate: z.boolean().nullish().openapi({
      description:
        "False: loads the model and takes the input, to be read with the response that goes on from this one.",
    }),
    ...withoutEffect({ stream: "over a WebSocket a reply always streams" }),
    stream_options: responseStreamOptions.nullish(),
  }),
  ["input"],
);

export type ResponseRequest = z.infer<typeof responseRequest>;

/** The turn that a request asks for, but for the place where it goes on. */
export function responseTurn(
  body: ResponseRequest & { generate?: boolean | null },
): Omit<TurnRequest, "tenant" | "persistent"> {
  checkPlace(body);
  const messages = messagesOf(body.input);
  const holds = body.generate === false;
  const goesOn = body.conversation != null || body.previous_response_id != null;
  check(
    messages.length > 0 || holds || goesOn,
    "request_invalid",
    () => "input: expected at least one item with text",
    "input",
  );
  const wantsLogprobs = (body.include?.includes(LOGPROBS) ?? false) || (body.top_logprobs ?? 0) > 0;
  return {
    model: body.model,
    ...placed([...instructionsOf(body)], messages, goesOn),
    ...(body.conversation == null ? {} : { unmatched: "append" as const }),
    sampling: samplingRequest(body),
    seed: body.seed ?? undefined,
    maxTokens: body.max_output_tokens ?? undefined,
    stop: body.stop == null ? [] : [body.stop].flat(),
    topLogprobs: wantsLogprobs ? (body.top_logprobs ?? 0) : undefined,
    ...shapeOf(body),
    ...(body.prefix ? { prefix: body.prefix } : {}),
    ...(body.truncation === "auto" ? { truncate: true } : {}),
    ...(body.background ? { background: true } : {}),
    ...(holds ? { generate: false } : {}),
    ...(body.metadata ? { metadata: body.metadata } : {}),
    ...recallOf(body),
    reply: {
      object: "response",
      stream: body.stream === true,
      includeUsage: true,
      echo: echoOf(body),
    },
  };
}

/**
 * Beside a conversation or a response, system messages of the input are instructions too: they hold for this request.
 */
function placed(
  instructions: Message[],
  messages: Message[],
  goesOn: boolean,
): Pick<TurnRequest, "messages" | "instructions"> {
  const isAside = ({ role }: Message) => goesOn && role === "system";
  const all = [...instructions, ...messages.filter(isAside)];
  return {
    messages: messages.filter((one) => !isAside(one)),
    ...(all.length > 0 ? { instructions: all } : {}),
  };
}

const instructionsOf = ({ instructions }: ResponseRequest): Message[] =>
  instructions ? [{ role: "system", content: instructions }] : [];

function checkPlace({ store, background, previous_response_id, conversation }: ResponseRequest): void {
  const refuse = (param: string, message: string) => {
    throw new Failure("request_invalid", `${param}: ${message}`, { param });
  };
  if (previous_response_id != null && conversation != null)
    refuse("previous_response_id", "expected this or conversation, not both");
  if (store === false && background) refuse("store", "expected true with background: true");
}
