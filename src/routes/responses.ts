/** /v1/responses: a reply with an id that the next one can go on from, whatever came of it since. */

import type { Context } from "hono";
import * as z from "zod";
import { requireModel } from "../../durable-objects/model/model-card.ts";
import { resolveReferences } from "../api/conversations/item-references.ts";
import { type Caller, responseAddress } from "../api/object-address.ts";
import { withoutCompaction } from "../api/responses/compaction.ts";
import { responseSchema } from "../api/responses/reply-schemas.ts";
import { responsePaths } from "../api/responses/reply-shape.ts";
import { type ResponseRequest, responseRequest, responseTurn } from "../api/responses/request.ts";
import { boolQuery, includeQuery } from "../api/shared/fields.ts";
import { checkHeld } from "../api/shared/held-shape.ts";
import { type Ignored, noting } from "../api/shared/ignored.ts";
import { countTokens, runTurn } from "./ask-object.ts";
import { turnsOf } from "./conversations.ts";
import { type Bindings, endpoint } from "./endpoint.ts";
import { storedTurns } from "./stored-turns.ts";

/** The turn that a request asks for, and where it goes on. */
async function asked(c: Context<Bindings>, caller: Caller, given: ResponseRequest, ignored: Ignored) {
  const body = withoutCompaction(c.env, caller.tenant, given);
  const { input, last } = await resolveReferences(body, turnsOf(c, caller));
  const turn = noting(ignored, () => responseTurn({ ...body, input }));
  const address = responseAddress(c.env, caller, body, last);
  await checkHeld(turn, responsePaths, ignored, c.req.raw.signal);
  await requireModel(c.env, turn.model);
  return { turn, address };
}

const unused = { ...includeQuery, include_obfuscation: boolQuery.optional() };

export const responses = [
  endpoint(
    {
      method: "post",
      path: "/v1/responses",
      operationId: "createResponse",
      tag: "Responses",
      summary: "Create a response",
      description:
        "With `previous_response_id` the model continues from its state after that response: nothing of the history is computed again.",
      body: responseRequest,
      replies: {
        200: {
          description: "The response (with `background`: the response so far), or its events as server-sent events.",
          schema: responseSchema,
          media: ["application/json", "text/event-stream"],
        },
      },
    },
    async (c, { caller, body, ignored }) => {
      const { turn, address } = await asked(c, caller, body, ignored);
      const response = await runTurn(c, caller, address, turn);
      // OpenAI says 200 also of a response that has only begun.
      return response.status === 202 ? new Response(response.body, { headers: response.headers }) : response;
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/responses/input_tokens",
      operationId: "countResponseTokens",
      tag: "Responses",
      summary: "Count the tokens of a request",
      description: "Includes the tokens of the kept state that the request names. Nothing is computed.",
      body: responseRequest,
      replies: {
        200: {
          description: "The number of tokens.",
          schema: z.strictObject({ object: z.literal("response.input_tokens"), input_tokens: z.int().min(0) }),
        },
      },
    },
    async (c, { caller, body, ignored }) => {
      const { turn, address } = await asked(c, caller, body, ignored);
      return c.json({ object: "response.input_tokens", input_tokens: await countTokens(c, caller, address, turn) });
    },
  ),
  ...storedTurns({
    object: "response",
    path: "/v1/responses",
    name: "Response",
    tag: "Responses",
    schema: responseSchema,
    deleted: "response",
    query: unused,
  }),
];
