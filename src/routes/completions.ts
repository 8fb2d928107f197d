/** /v1/completions: text goes on from where a prompt ends. */

import { requireModel } from "../../durable-objects/model/model-card.ts";
import { completionReply } from "../api/chat/reply-schemas.ts";
import { completionRequest, completionTurn } from "../api/completions/request.ts";
import { anyName } from "../api/object-address.ts";
import { noting } from "../api/shared/ignored.ts";
import { runTurn } from "./ask-object.ts";
import { endpoint } from "./endpoint.ts";
import { storedTurns } from "./stored-turns.ts";

export const completions = [
  endpoint(
    {
      method: "post",
      path: "/v1/completions",
      operationId: "createCompletion",
      tag: "Completions",
      summary: "Complete a prompt",
      description: "Uses no chat template and keeps nothing.",
      body: completionRequest,
      replies: {
        200: {
          description: "The reply, or its pieces as server-sent events.",
          schema: completionReply,
          media: ["application/json", "text/event-stream"],
        },
      },
    },
    async (c, { caller, body, ignored }) => {
      const turn = noting(ignored, () => completionTurn(body));
      await requireModel(c.env, turn.model);
      const { tenant, digest } = caller;
      return runTurn(c, { tenant, digest }, { object: anyName(), turn: { persistent: false } }, turn);
    },
  ),
  // Of any kept turn, in this form.
  ...storedTurns({
    object: "text_completion",
    path: "/v1/completions",
    name: "Completion",
    tag: "Completions",
    schema: completionReply,
    deleted: "text_completion.deleted",
  }),
];
