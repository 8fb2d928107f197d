/**
 * /v1/messages: Anthropic's API, for clients that speak it: as chat, with a session that
 * keeps the state where one is named.
 *
 * `anthropic-version` may say anything: there is one form.
 */

import type { Context } from "hono";
import * as z from "zod";
import { requireModel } from "../../durable-objects/model/model-card.ts";
import { messageErrorReply } from "../api/messages/error-body.ts";
import { messageReply } from "../api/messages/reply-schemas.ts";
import { messagePaths } from "../api/messages/reply-shape.ts";
import { type MessageRequest, messageRequest, messageTurn } from "../api/messages/request.ts";
import { type Caller, chatAddress, type ObjectAddress } from "../api/object-address.ts";
import { checkHeld } from "../api/shared/held-shape.ts";
import { turnNamed } from "../api/shared/ids.ts";
import { type Ignored, noting } from "../api/shared/ignored.ts";
import { check } from "../core/failure.ts";
import { countTokens, runTurn } from "./ask-object.ts";
import { sessionOf } from "./caller.ts";
import { type Bindings, endpoint } from "./endpoint.ts";
import { storedTurns } from "./stored-turns.ts";

const tag = "Messages";
const errors = messageErrorReply;

/** The turn that a body asks for, and where it begins. */
async function asked(c: Context<Bindings>, caller: Caller, body: MessageRequest, ignored: Ignored) {
  // Features that a client asks for ahead of their release change no reply here.
  if (c.req.header("anthropic-beta")) ignored.add("anthropic-beta");
  const address = messageAddress(c, caller, sessionOf(c.req.raw, body.conversation), body);
  const turn = noting(ignored, () => messageTurn(body));
  await checkHeld(turn, messagePaths, ignored, c.req.raw.signal);
  await requireModel(c.env, turn.model);
  return { turn, address };
}

/**
 * Fails with `not_found` where a thread's message is no id, with `request_invalid` where a session is named beside it.
 */
function messageAddress(
  c: Context<Bindings>,
  caller: Caller,
  session: string | undefined,
  { thread, prefix }: Pick<MessageRequest, "thread" | "prefix">,
): ObjectAddress {
  const isOne = thread == null || session === undefined;
  check(isOne, "request_invalid", () => "thread: expected this or a conversation, not both", "thread");
  if (thread?.type !== "continue") return chatAddress(c.env, caller, session, { prefix, store: thread != null });
  const { object, turn } = turnNamed(thread.previous_message_id, "thread.previous_message_id");
  return { object, turn: { persistent: true, parent: turn } };
}

export const messages = [
  endpoint(
    {
      method: "post",
      path: "/v1/messages",
      operationId: "createMessage",
      tag,
      errors,
      summary: "Create a message, as in Anthropic's API",
      description:
        "In a conversation, named as for chat, only new messages are computed; `usage.cache_read_input_tokens` counts the reused tokens.",
      body: messageRequest,
      replies: {
        200: {
          description: "The message, or its events as server-sent events.",
          schema: messageReply,
          media: ["application/json", "text/event-stream"],
        },
      },
    },
    async (c, { caller, body, ignored }) => {
      const { turn, address } = await asked(c, caller, body, ignored);
      return runTurn(c, caller, address, turn);
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/messages/count_tokens",
      operationId: "countMessageTokens",
      tag,
      errors,
      summary: "Count the tokens of a request",
      description:
        "Includes the tokens of the conversation or the thread, if the request names one. Nothing is computed.",
      body: messageRequest,
      replies: {
        200: { description: "The number of tokens.", schema: z.strictObject({ input_tokens: z.int().min(0) }) },
      },
    },
    async (c, { caller, body, ignored }) => {
      const { turn, address } = await asked(c, caller, body, ignored);
      return c.json({ input_tokens: await countTokens(c, caller, address, turn) });
    },
  ),
  ...storedTurns({
    object: "message",
    path: "/v1/messages",
    name: "Message",
    tag,
    schema: messageReply,
    errors,
    deleted: "message_deleted",
  }),
];
