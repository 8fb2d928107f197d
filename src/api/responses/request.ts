/** POST /v1/responses: the fields that are honoured, ignored (their descriptions say so) or refused (all others). */
import { z } from "@hono/zod-openapi";
import { check, Failure } from "../../core/failure.ts";
import type { Message } from "../../tokenizer/text-codec.ts";
import { samplingOf } from "../chat/request.ts";
import {
  ignoredFields,
  includable,
  LOGPROBS,
  metadata,
  modelField,
  streamOptions,
  TEXT_MAX_CHARS,
  text,
  tokenLimit,
} from "../shared/fields.ts";
import { conversationId } from "../shared/ids.ts";
import { recallField, recallOf } from "../shared/recall.ts";
import { samplingFields, TOP_LOGPROBS_MAX } from "../shared/sampling-fields.ts";
import type { TurnRequest } from "../shared/turn.ts";
import { input, messagesOf } from "./input.ts";
import { responseShape, shapeOf } from "./reply-shape.ts";

const fields = {
  model: modelField,
  input,
  instructions: text(TEXT_MAX_CHARS).nullish().openapi({
    description: "A system message before the input. Those that the response before had too are not computed again.",
  }),
  previous_response_id: z.string().min(1).max(128).nullish().openapi({
    description: "Goes on from the model's state after that response; a second response to the same one forks there.",
  }),
  conversation: z.union([conversationId, z.strictObject({ id: conversationId })], "expected an id or {id}").nullish(),
  store: z
    .boolean()
    .nullish()
    .openapi({ description: "True unless given. False keeps nothing: no id can be asked for later." }),
  metadata: metadata.nullish(),
  recall: recallField,
  max_output_tokens: tokenLimit,
  truncation: z.enum(["auto", "disabled"]).nullish().openapi({
    description: "`auto` leaves out the oldest items of the input that do not fit; what a state holds stays.",
  }),
  include: z
    .array(includable)
    .max(16)
    .nullish()
    .openapi({ description: `Only \`${LOGPROBS}\` has an effect.` }),
  top_logprobs: z.int().min(0).max(TOP_LOGPROBS_MAX).nullish(),
  reasoning: z
    .strictObject({ effort: z.string().max(32).nullish(), summary: z.null().optional() })
    .nullish()
    .openapi({ description: "Ignored: the models do not reason apart." }),
  max_tool_calls: z
    .int()
    .min(1)
    .max(128)
    .nullish()
    .openapi({ description: "Ignored: it counts built-in tools, and there are none." }),
  prefix: z
    .string()
    .min(1)
    .max(64)
    .nullish()
    .openapi({ description: "A shared prefix that a new conversation begins with." }),
  ...responseShape,
  ...samplingFields,
  ...ignoredFields,
};

export const responseRequest = z
  .strictObject({
    ...fields,
    stream: z.boolean().nullish(),
    stream_options: streamOptions.omit({ include_usage: true }).nullish(),
    background: z
      .boolean()
      .nullish()
      .openapi({ description: "Goes on when nobody reads, and can be asked for by its id." }),
  })
  .openapi("ResponseRequest");

/** A message over a WebSocket: the same fields; it always streams, and never runs in the background. */
export const responseCreate = z.strictObject({
  type: z.literal("response.create"),
  ...fields,
  stream_id: z.string().min(1).max(128).optional(),
  background: z.literal(false, "is not supported over a WebSocket").nullish(),
  stream: z.literal(true, "is implied over a WebSocket").nullish(),
});

export type ResponseRequest = z.infer<typeof responseRequest>;

/** The turn that a request asks for, but for the place where it goes on. */
export function responseTurn(body: ResponseRequest): Omit<TurnRequest, "tenant" | "persistent"> {
  checkPlace(body);
  const messages = messagesOf(body.input);
  check(
    messages.at(-1)!.role !== "assistant",
    "request_invalid",
    () => "input: expected the last item not to be the assistant's",
    "input",
  );
  const wantsLogprobs = (body.include?.includes(LOGPROBS) ?? false) || (body.top_logprobs ?? 0) > 0;
  return {
    model: body.model,
    messages: [...instructionsOf(body), ...messages],
    sampling: samplingOf(body),
    seed: body.seed ?? undefined,
    maxTokens: body.max_output_tokens ?? undefined,
    stop: body.stop == null ? [] : [body.stop].flat(),
    topLogprobs: wantsLogprobs ? (body.top_logprobs ?? 0) : undefined,
    ...shapeOf(body),
    ...(body.prefix ? { prefix: body.prefix } : {}),
    ...(body.truncation === "auto" ? { truncate: true } : {}),
    ...(body.background ? { background: true } : {}),
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

const instructionsOf = ({ instructions }: ResponseRequest): Message[] =>
  instructions ? [{ role: "system", content: instructions }] : [];

function checkPlace({ store, background, previous_response_id, conversation }: ResponseRequest): void {
  const refuse = (param: string, message: string) => {
    throw new Failure("request_invalid", `${param}: ${message}`, { param });
  };
  if (previous_response_id != null && conversation != null)
    refuse("previous_response_id", "expected this or conversation, not both");
  if (store !== false) return;
  if (background) refuse("store", "expected true with background: true");
  if (previous_response_id != null || conversation != null)
    refuse("store", "expected true where the reply goes on from a kept state");
}

const REPEATED = [
  "background",
  "instructions",
  "max_output_tokens",
  "max_tool_calls",
  "metadata",
  "parallel_tool_calls",
  "previous_response_id",
  "prompt_cache_key",
  "safety_identifier",
  "store",
  "temperature",
  "text",
  "tool_choice",
  "tools",
  "top_logprobs",
  "top_p",
  "truncation",
  "user",
] as const satisfies (keyof ResponseRequest)[];

/** What the reply repeats of the request. */
function echoOf(body: ResponseRequest): Record<string, unknown> {
  const given = REPEATED.filter((field) => body[field] != null).map((field) => [field, body[field]]);
  const { conversation } = body;
  const place =
    conversation == null
      ? {}
      : { conversation: typeof conversation === "string" ? { id: conversation } : conversation };
  // OpenAI's shape of a tool leaves nothing out.
  const tools = body.tools?.map((tool) => ({ parameters: null, strict: true, ...tool }));
  return { ...Object.fromEntries(given), ...(tools ? { tools } : {}), ...place };
}
