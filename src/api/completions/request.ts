/** POST /v1/completions: prompts as they are, without a template. */
import * as z from "zod";
import "../shared/openapi.ts";
import { check } from "../../core/failure.ts";
import { CHOICES_MAX } from "../chat/request.ts";
import {
  bestOf,
  checkBestOf,
  IDS_MAX,
  modelField,
  streamOptions,
  TEXT_MAX_CHARS,
  text,
  tokenLimit,
  usageField,
  wantsUsage,
} from "../shared/fields.ts";
import { nullsAbsent, withoutEffect } from "../shared/ignored.ts";
import { fieldsOfOthers } from "../shared/other-servers.ts";
import { samplingFields, samplingRequest, stopField } from "../shared/sampling-fields.ts";
import type { TurnRequest } from "../shared/turn.ts";

const PROMPTS_MAX = 16;
const LOGPROBS_MAX = 5;
const KEEPS_NOTHING = "of /v1/completions: nothing is kept";

const words = text(TEXT_MAX_CHARS).refine((value) => value.length > 0, "expected a non-empty text");
const ids = z.array(z.int().min(0).max(9_999_999)).min(1).max(IDS_MAX);

/** A prompt may be ids only as a list of numbers, so a list of lists is several prompts. */
const prompt = z.union(
  [words, ids, z.array(words).min(1).max(PROMPTS_MAX), z.array(ids).min(1).max(PROMPTS_MAX)],
  "expected a text, a list of texts, token ids or a list of them",
);

const fields = z.strictObject({
  model: modelField,
  prompt,
  suffix: z.literal("", "is not supported: the model only goes on from the prompt").nullish(),
  best_of: bestOf,
  echo: z
    .boolean()
    .nullish()
    .openapi({ description: "Repeats the prompt before each reply. Not available with logprobs." }),
  max_tokens: tokenLimit.openapi({ description: "The maximum number of tokens to generate. The default is 16." }),
  n: z
    .int()
    .min(1)
    .max(CHOICES_MAX)
    .nullish()
    .openapi({ description: "How many replies to generate for each prompt." }),
  logprobs: z.int().min(0).max(LOGPROBS_MAX).nullish(),
  recall: z.enum(["auto", "off"]).nullish().openapi({ description: "Without effect: completions keep nothing." }),
  stream: z.boolean().nullish(),
  stream_options: streamOptions.nullish(),
  usage: usageField,
  ...withoutEffect({ store: KEEPS_NOTHING, metadata: KEEPS_NOTHING }),
  ...samplingFields,
  stop: stopField,
  ...fieldsOfOthers,
});

export const completionRequest = nullsAbsent(fields).openapi("CompletionRequest");

type CompletionRequest = z.infer<typeof completionRequest>;

const DEFAULT_COMPLETION_TOKENS = 16;
/** Of all prompts together. */
const REPLIES_MAX = 16;

export function completionTurn(body: CompletionRequest): Omit<TurnRequest, "tenant"> {
  const refuse = (param: string, holds: boolean, message: string) =>
    check(holds, "request_invalid", () => `${param}: ${message}`, param);
  const prompts = promptsOf(body.prompt);
  const n = body.n ?? 1;
  checkBestOf(body);
  refuse("echo", !body.echo || body.logprobs == null, "expected false with logprobs: the prompt's are not computed");
  refuse("n", n * prompts.length <= REPLIES_MAX, `expected at most ${REPLIES_MAX} replies to all prompts together`);
  return {
    persistent: false,
    model: body.model,
    messages: [],
    prompts,
    choices: n,
    sampling: samplingRequest(body),
    seed: body.seed ?? undefined,
    maxTokens: body.max_tokens ?? DEFAULT_COMPLETION_TOKENS,
    stop: body.stop == null ? [] : [body.stop].flat(),
    topLogprobs: body.logprobs ?? undefined,
    reply: {
      object: "text_completion",
      stream: body.stream === true,
      includeUsage: wantsUsage(body),
      echo: { n, ...(body.echo ? { prompts: true } : {}) },
    },
  };
}

function promptsOf(given: CompletionRequest["prompt"]): (string | number[])[] {
  if (typeof given === "string") return [given];
  return typeof given[0] === "number" ? [given as number[]] : (given as (string | number[])[]);
}
