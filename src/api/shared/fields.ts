/** Fields that several endpoints share. */
import { z } from "@hono/zod-openapi";

export const TEXT_MAX_CHARS = 1_000_000;

/** Text of a caller; a lone surrogate becomes U+FFFD. */
export const text = (maxChars: number) =>
  z
    .string()
    .max(maxChars)
    .transform((value) => value.toWellFormed());

export const modelField = z.string().min(1).max(128).openapi({ example: "rivulet-150m" });

export const tokenLimit = z.int().min(1).max(1_000_000).nullish();

/** As OpenAI bounds it: 16 pairs. */
export const metadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, "expected at most 16 pairs")
  .openapi({ description: "Kept with what the request makes, and given back with it." });

export const streamOptions = z.strictObject({
  include_usage: z.boolean().nullish(),
  include_obfuscation: z.boolean().nullish().openapi({ description: "Ignored: nothing is padded." }),
});

/** Name of a participant or tool. */
export const name = z
  .string()
  .regex(/^[\w-]{1,64}$/, "expected 1 to 64 letters, digits, _ or -")
  .nullish();

/** Accepted and without effect: who asks, and hints about other servers' storage and scheduling. */
const ignored = { description: "Ignored." };
export const ignoredFields = {
  user: z.string().max(512).nullish().openapi(ignored),
  safety_identifier: z.string().max(512).nullish().openapi(ignored),
  prompt_cache_key: z.string().max(512).nullish().openapi(ignored),
  prompt_cache_retention: z.string().max(64).nullish().openapi(ignored),
  service_tier: z.string().max(64).nullish().openapi(ignored),
};

export const LOGPROBS = "message.output_text.logprobs";

/** What OpenAI lets a caller include; what cannot be in a reply here changes nothing. */
export const includable = z.enum([
  LOGPROBS,
  "reasoning.encrypted_content",
  "file_search_call.results",
  "web_search_call.results",
  "web_search_call.action.sources",
  "message.input_image.image_url",
  "computer_call_output.output.image_url",
  "code_interpreter_call.outputs",
]);

/** The same in a query, as clients write lists there: `include[]=a&include[]=b`. */
const included = z
  .union([includable, z.array(includable).max(16)], "expected what can be included")
  .optional()
  .openapi({ description: "Taken, and without effect: a kept reply is shown as it was made." });
export const includeQuery = { include: included, "include[]": included };

/** A number in a query. */
export const intQuery = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .openapi({ type: "integer", minimum: min, maximum: max });

export const boolQuery = z
  .enum(["true", "false"])
  .transform((value) => value === "true")
  .openapi({ type: "boolean" });

/** Which part of a list. */
export const pageQuery = {
  limit: intQuery(1, 100).optional().openapi({ description: "20 unless given." }),
  order: z.enum(["asc", "desc"]).optional().openapi({ description: "By time; newest first unless given." }),
  after: z.string().min(1).max(512).optional().openapi({ description: "The id after which the list goes on." }),
};
