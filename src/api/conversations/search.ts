/** Search in what was said: requests and replies. */
import * as z from "zod";
import "../shared/openapi.ts";
import { intQuery } from "../shared/fields.ts";

const QUERY_MAX_CHARS = 500;

export const searchText = z.string().min(1).max(QUERY_MAX_CHARS);

export const searchQuery = z.strictObject({
  q: searchText.openapi({ description: "The words to search for. Case, accents and word endings do not matter." }),
  limit: intQuery(1, 100).optional().openapi({ description: "The default is 20." }),
});

/** A passage that holds words of the query, as an object shows it. */
export interface SearchHit {
  turn: string;
  role: "user" | "assistant";
  snippet: string;
  /** The share of the query's words that it holds. */
  score: number;
  createdMs: number;
}

export const hitReply = z
  .strictObject({
    turn: z.string().openapi({ example: "0123456789abcdef" }),
    response_id: z.string(),
    role: z.enum(["user", "assistant"]),
    snippet: z.string().openapi({ description: "The passage around the words that were found." }),
    score: z.number().openapi({ description: "The share of the query's words that the passage holds." }),
    created_at: z.int(),
  })
  .openapi("SearchHit");

export const searchReply = z
  .strictObject({ object: z.literal("list"), data: z.array(hitReply), has_more: z.boolean() })
  .openapi("SearchHits");

/** `object`: its name. */
export const shownHit = ({ createdMs, ...hit }: SearchHit, object: string): z.infer<typeof hitReply> => ({
  ...hit,
  response_id: `resp_${object}${hit.turn}`,
  created_at: Math.floor(createdMs / 1000),
});
