/**
 * POST /v1/chat/completions: answers messages, whole or as server-sent events.
 *
 * With a session (`conversation`, or a header) the object of that name keeps the model's state, and only new messages are fed. Without
 * one any of a few objects answers, and stores nothing.
 */
import { Hono } from "hono";
import { chatRequest, chatTurn } from "../api/chat-request.ts";
import { parseBody } from "../api/parse-body.ts";
import type { TurnRequest } from "../api/turn.ts";
import { call } from "./call.ts";
import { anyName, objectName, sessionOf, tenantOf } from "./caller.ts";
import { requireModel } from "./model-card.ts";

export const chatCompletions = new Hono<{ Bindings: Env }>().post("/v1/chat/completions", async (c) => {
  const request = c.req.raw;
  const tenant = tenantOf(request, c.env);
  const body = await parseBody(request, chatRequest);
  const session = sessionOf(request, body.conversation);
  const turn: TurnRequest = { ...chatTurn(body), tenant, persistent: session !== undefined };
  await requireModel(c.env, turn.model);
  const name = session === undefined ? anyName() : objectName(c.env, tenant, session);
  const conversation = c.env.CONVERSATION.getByName(name);
  return call(conversation, "/turn", { method: "POST", body: JSON.stringify(turn), signal: request.signal });
});
