/**
 * POST /v1/chat/completions: answers messages, whole or as server-sent events.
 *
 * With a session (`conversation`, or a header) the object of that name keeps the model's state, and only new messages are fed. Without
 * one any of a few objects answers, and stores nothing.
 */

import { chatRequest, chatTurn } from "../api/chat-request.ts";
import { chatCompletionReply } from "../api/chat-schemas.ts";
import { objectName } from "../api/ids.ts";
import type { TurnRequest } from "../api/turn.ts";
import { call } from "./call.ts";
import { anyName, sessionOf } from "./caller.ts";
import { endpoint } from "./endpoint.ts";
import { requireModel } from "./model-card.ts";

export const chatCompletions = [
  endpoint(
    {
      method: "post",
      path: "/v1/chat/completions",
      operationId: "createChatCompletion",
      tag: "Chat",
      summary: "Answer messages",
      body: chatRequest,
      replies: {
        200: {
          description: "The reply, or its chunks as server-sent events.",
          schema: chatCompletionReply,
          media: ["application/json", "text/event-stream"],
        },
      },
    },
    async (c, { tenant, body }) => {
      const request = c.req.raw;
      const session = sessionOf(request, body.conversation);
      const turn: TurnRequest = { ...chatTurn(body, session !== undefined), tenant, persistent: session !== undefined };
      await requireModel(c.env, turn.model);
      const name = session === undefined ? anyName() : objectName(c.env, tenant, session);
      const conversation = c.env.CONVERSATION.getByName(name);
      return call(conversation, "/turn", { method: "POST", body: JSON.stringify(turn), signal: request.signal });
    },
  ),
];
