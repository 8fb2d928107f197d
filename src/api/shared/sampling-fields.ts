/** Fields that steer sampling, shared by every endpoint that generates. All are optional; the pack's defaults fill the rest. */
import { z } from "zod";
import { text } from "./fields.ts";

export const TOP_LOGPROBS_MAX = 20;
const STOP_MAX = 4;

const stop = text(256).refine((value) => value.length > 0, "expected a non-empty string");

/** Other servers' clients send 64 bits. Of a number that JSON's reader cannot hold exactly the nearest is taken. */
const seed = z
  .number()
  .min(-(2 ** 63))
  .max(2 ** 64)
  .refine(Number.isInteger, "expected a whole number");

export const samplingFields = {
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(-1).max(1_000_000).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().min(0.1).max(10).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: z
    .record(z.string().regex(/^\d{1,7}$/, "expected token ids as keys"), z.number().min(-100).max(100))
    .refine((bias) => Object.keys(bias).length <= 300, "expected at most 300 entries")
    .nullish(),
  seed: seed.nullish(),
  stop: z.union([stop, z.array(stop).max(STOP_MAX)]).nullish(),
};
