/** recall: how a request says whether lines of the past are quoted to the model, and how a reply says which were. */
import * as z from "zod";
import "./openapi.ts";
import type { RecallMode, StartEvent } from "./turn.ts";

const RECALL_MAX_TOKENS = 512;

export const recallField = z
  .union(
    [
      z.enum(["auto", "off"]),
      z.strictObject({
        max_tokens: z
          .int()
          .min(16)
          .max(RECALL_MAX_TOKENS)
          .openapi({ description: "The maximum number of tokens of quoted lines." }),
      }),
    ],
    `expected "auto", "off" or {"max_tokens": 16 to ${RECALL_MAX_TOKENS}}`,
  )
  .nullish()
  .openapi({
    description:
      "Whether lines of the conversation that the model no longer sees well are quoted to it when the question needs them. `auto` spends at most 128 tokens on them. The default is `auto` where replies are kept, otherwise `off`.",
  });

/** As objects know it. */
export const recallMode = (field: Exclude<z.infer<typeof recallField>, null | undefined>): RecallMode =>
  typeof field === "string" ? field : { maxTokens: field.max_tokens };

/** Nothing where the request says nothing. */
export const recallOf = ({ recall }: { recall?: z.infer<typeof recallField> }): { recall?: RecallMode } =>
  recall == null ? {} : { recall: recallMode(recall) };

/** As requests say it. */
export const shownRecall = (mode: RecallMode): z.infer<typeof recallField> =>
  typeof mode === "string" ? mode : { max_tokens: mode.maxTokens };

export const recalledReply = z
  .array(
    z.strictObject({
      turn: z.string(),
      role: z.enum(["user", "assistant"]),
      text: z.string().openapi({ description: "The line as it was said, cut at sentence borders." }),
      score: z.number().openapi({ description: "How well the line matches the question; higher is better." }),
    }),
  )
  .openapi({ description: "Earlier lines that were quoted to the model before the question, oldest first." });

/**
 * `rivulet` of a reply: the turn's reference where it is kept, and what was recalled. Nothing where there is neither.
 */
export function rivuletOf(start: StartEvent | undefined): { rivulet?: object } {
  const { reference, recalled } = start ?? {};
  return reference || recalled ? { rivulet: { ...reference, ...(recalled ? { recalled } : {}) } } : {};
}
