/** /v1/responses: a reply with an id that the next one can go on from, whatever came of it since. */
import { requireModel } from "../../durable-objects/model/model-card.ts";
import { type AskTurns, resolveReferences } from "../api/conversations/item-references.ts";
import { responsePlace } from "../api/object-address.ts";
import { responseSchema } from "../api/responses/reply-schemas.ts";
import { responsePaths } from "../api/responses/reply-shape.ts";
import { responseRequest, responseTurn } from "../api/responses/request.ts";
import { boolQuery, includeQuery } from "../api/shared/fields.ts";
import { checkHeld } from "../api/shared/held-shape.ts";
import { noting } from "../api/shared/ignored.ts";
import { askObject, runTurn } from "./ask-object.ts";
import { answerOf } from "./conversations.ts";
import { endpoint } from "./endpoint.ts";
import { storedTurns } from "./stored-turns.ts";

const ignored = { ...includeQuery, include_obfuscation: boolQuery.optional() };

export const responses = [
  endpoint(
    {
      method: "post",
      path: "/v1/responses",
      operationId: "createResponse",
      tag: "Responses",
      summary: "Answer an input",
      description:
        "With `previous_response_id` the model goes on from its state after that response: nothing of the past is computed again.",
      body: responseRequest,
      replies: {
        200: {
          description: "The response, with `background` as far as it is, or its events as server-sent events.",
          schema: responseSchema,
          media: ["application/json", "text/event-stream"],
        },
      },
    },
    async (c, { caller, body, ignored }) => {
      const askTurns: AskTurns = async (object, query) =>
        answerOf(await askObject(c, { ...caller, object }, `/turns?${query}`));
      const { input, last } = await resolveReferences(body.input, askTurns);
      const turn = noting(ignored, () => responseTurn({ ...body, input }));
      const place = responsePlace(c.env, caller, body, last);
      await checkHeld(turn, responsePaths, ignored, c.req.raw.signal);
      await requireModel(c.env, turn.model);
      const response = await runTurn(c, caller, place, turn);
      // OpenAI says 200 also of a response that has only begun.
      return response.status === 202 ? new Response(response.body, { headers: response.headers }) : response;
    },
  ),
  ...storedTurns({
    object: "response",
    path: "/v1/responses",
    name: "Response",
    tag: "Responses",
    schema: responseSchema,
    deleted: "response",
    query: ignored,
  }),
];
