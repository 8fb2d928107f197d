/** Fields that several endpoints share. */
import * as z from "zod";
import "./openapi.ts";
import { check } from "../../core/failure.ts";
import { note, tolerant, withoutEffect } from "./ignored.ts";
import { atMost } from "./schema-refusal.ts";

export const TEXT_MAX_CHARS = 1_000_000;
/** Ids of tokens that a request may bring as a prompt. */
export const IDS_MAX = 131_072;

/** Text of a caller; a lone surrogate becomes U+FFFD. */
export const text = (maxChars: number) =>
  z
    .string()
    .max(maxChars)
    .transform((value) => value.toWellFormed());

export const modelField = z.string().min(1).max(128).openapi({ example: "rivulet-150m" });

/** Of as many replies as are wanted all are the best ones. */
export const bestOf = z
  .int()
  .min(1)
  .nullish()
  .openapi({ description: "Only as many as `n`, or 1: no reply is thrown away." });

/** Fails with `request_invalid` where replies would have to be thrown away. */
export function checkBestOf({
  best_of: best,
  n,
}: {
  best_of?: number | null | undefined;
  n?: number | null | undefined;
}) {
  const isAll = best == null || best === 1 || best === (n ?? 1);
  check(isAll, "request_invalid", () => `best_of: expected as many as n, ${n ?? 1}, got ${best}`, "best_of");
}

export const prefixField = z
  .string()
  .min(1)
  .max(64)
  .nullish()
  .openapi({ description: "The shared prefix that the conversation begins with." });

/** Clients without a limit send the largest number that they know, or -1; the context ends a reply before. */
export const tokenLimit = z
  .int()
  .refine((limit) => limit === -1 || limit >= 1, "expected a number from 1, or -1: what the context leaves")
  .transform((limit) => (limit === -1 ? null : limit))
  .nullish();

/** As OpenAI bounds it: 16 pairs. */
export const metadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .superRefine(atMost(16, "pairs", (pairs) => Object.keys(pairs).length))
  .openapi({ description: "Key-value pairs that are stored with the result and returned with it." });

const padding = withoutEffect({ include_obfuscation: "streams are not padded" }, "stream_options.");
const includeUsage = z.boolean().nullish();

export const streamOptions = tolerant("stream_options", { include_usage: includeUsage, ...padding });
/** Of a response, whose last event always has its usage. */
export const responseStreamOptions = tolerant("stream_options", padding);
export const chatStreamOptions = tolerant("stream_options", {
  include_usage: includeUsage,
  ...padding,
  include_progress: z.boolean().nullish().openapi({
    description:
      "Sends chunks with `progress: {done, total}` and no choices while a long prompt is read. They have no id, and a resumed stream does not repeat them.",
  }),
});

/** OpenRouter's name of `stream_options.include_usage`. */
export const usageField = tolerant("usage", {
  include: includeUsage.openapi({ description: "Adds a last chunk with the token usage to a stream." }),
})
  .nullish()
  .openapi({ description: "`include` is another name of `stream_options.include_usage`." });

interface Streaming {
  stream?: boolean | null | undefined;
  stream_options?: { include_usage?: boolean | null | undefined } | null | undefined;
  usage?: { include?: boolean | null | undefined } | null | undefined;
}

/** Whether a stream ends with its usage. Notes options of a stream where there is none. */
export function wantsUsage({ stream, stream_options: options, usage }: Streaming): boolean {
  if (options && !stream) note("stream_options");
  return options?.include_usage === true || usage?.include === true;
}

/** Name of a participant. */
export const name = z
  .string()
  .regex(/^[\p{L}\p{N}_.-]{1,64}$/u, "expected 1 to 64 letters, digits, _, . or -")
  .nullish();

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
  .openapi({ description: "Accepted without effect: a kept reply is shown as it was generated." });
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
  limit: intQuery(1, 100).optional().openapi({ description: "The default is 20." }),
  order: z.enum(["asc", "desc"]).optional().openapi({ description: "The order by time. The default is newest first." }),
  after: z.string().min(1).max(512).optional().openapi({ description: "The list continues after this id." }),
};
