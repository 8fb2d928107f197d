/**
 * Fields that steer sampling, shared by every endpoint that generates, and what they ask for. All are optional; the
 * pack's defaults fill the rest. A field that is added here is taken by every endpoint, and does not compile before
 * `samplingRequest` says what it does.
 */
import * as z from "zod";
import type { Sampling } from "../../sampling/sampling.ts";
import { text } from "./fields.ts";
import { atMost } from "./schema-refusal.ts";
import type { SamplingRequest } from "./turn.ts";

export const TOP_LOGPROBS_MAX = 20;
const STOP_MAX = 4;
const BIASES_MAX = 300;

const stop = text(256).refine((value) => value.length > 0, "expected a non-empty string");

/** Other servers' clients send 64 bits. Of a number that JSON's reader cannot hold exactly the nearest is taken. */
const seed = z
  .number()
  .min(-(2 ** 63))
  .max(2 ** 64)
  .refine(Number.isInteger, "expected a whole number");

/** Each is one field of `Sampling`. */
const drawing = {
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(-1).max(1_000_000).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().min(0.1).max(10).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: z
    .record(z.string().regex(/^\d{1,7}$/, "expected token ids as keys"), z.number().min(-100).max(100))
    .superRefine(atMost(BIASES_MAX, "entries", (bias) => Object.keys(bias).length))
    .nullish(),
};

/** Of every endpoint that generates. */
export const samplingFields = { ...drawing, seed: seed.nullish() };

/** Strings that end a reply, as OpenAI's endpoints name them. */
export const stopField = z.union([stop, z.array(stop).max(STOP_MAX)]).nullish();

type Drawing = z.infer<z.ZodObject<typeof drawing>>;

/** What a request asks of sampling. */
export function samplingRequest(body: Drawing): SamplingRequest {
  return {
    temperature: body.temperature ?? undefined,
    topK: body.top_k == null ? undefined : Math.max(0, body.top_k),
    topP: body.top_p ?? undefined,
    minP: body.min_p ?? undefined,
    repetitionPenalty: body.repetition_penalty ?? undefined,
    presencePenalty: body.presence_penalty ?? undefined,
    frequencyPenalty: body.frequency_penalty ?? undefined,
    logitBias: body.logit_bias
      ? Object.entries(body.logit_bias).map(([id, bias]): [number, number] => [Number(id), bias])
      : undefined,
  } satisfies { [Name in SamplingName<keyof Drawing>]: unknown } & { [Name in keyof Sampling]: unknown };
}

/** `top_k` as `topK`: a field's name on the wire and in `Sampling` differ by nothing else. */
type SamplingName<Field extends string> = Field extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<SamplingName<Rest>>}`
  : Field;
