/**
 * /v1/chat/completions: answers messages, whole or as server-sent events.
 *
 * With a session (`conversation`, or a header) the object of that name keeps the model's state, and only new messages
 * are fed. Without one any of a few objects answers, and stores nothing.
 */

import { requireModel } from "../../durable-objects/model/model-card.ts";
import { chatCompletionReply } from "../api/chat/reply-schemas.ts";
import { pathsOf } from "../api/chat/reply-shape.ts";
import { chatRequest, chatTurn } from "../api/chat/request.ts";
import { chatAddress } from "../api/object-address.ts";
import { checkHeld } from "../api/shared/held-shape.ts";
import { noting } from "../api/shared/ignored.ts";
import { runTurn } from "./ask-object.ts";
import { sessionOf } from "./caller.ts";
import { endpoint } from "./endpoint.ts";
import { storedTurns } from "./stored-turns.ts";

export const chatCompletions = [
  endpoint(
    {
      method: "post",
      path: "/v1/chat/completions",
      operationId: "createChatCompletion",
      tag: "Chat",
      summary: "Reply to messages",
      description:
        "In a conversation, named by `conversation` or by one of the headers `x-session-id`, `x-session-affinity` and `session_id`, only new messages are computed. A request may contain only the new messages, or the whole history again.",
      body: chatRequest,
      replies: {
        200: {
          description: "The reply, or its chunks as server-sent events.",
          schema: chatCompletionReply,
          media: ["application/json", "text/event-stream"],
        },
      },
    },
    async (c, { caller, body, ignored }) => {
      const session = sessionOf(c.req.raw, body.conversation);
      const address = chatAddress(c.env, caller, session, body);
      const turn = noting(ignored, () => chatTurn(body, address.turn.persistent));
      await checkHeld(turn, pathsOf(body), ignored, c.req.raw.signal);
      await requireModel(c.env, turn.model);
      return runTurn(c, caller, address, turn);
    },
  ),
  ...storedTurns({
    object: "chat.completion",
    path: "/v1/chat/completions",
    name: "ChatCompletion",
    tag: "Chat",
    schema: chatCompletionReply,
    deleted: "chat.completion.deleted",
  }),
];
