/**
 * /v1/responses/compact: one item that stands for a dialogue. A state does not grow with the dialogue, so
 * nothing is summed up and nothing is lost: what the input says beyond a kept state is read with the
 * request that brings the item back.
 */
import * as z from "zod";
import "../api/shared/openapi.ts";
import type { Context } from "hono";
import { requireModel } from "../../durable-objects/model/model-card.ts";
import { resolveReferences } from "../api/conversations/item-references.ts";
import type { HeadView } from "../api/conversations/replies.ts";
import { type Caller, type ObjectAddress, responseAddress } from "../api/object-address.ts";
import { sealed, withoutCompaction } from "../api/responses/compaction.ts";
import { type CompactRequest, compactRequest, responseTurn } from "../api/responses/request.ts";
import { answerOf } from "../api/shared/error-body.ts";
import { noting } from "../api/shared/ignored.ts";
import { check, Failure } from "../core/failure.ts";
import { runTurn } from "./ask-object.ts";
import { answerOfHead, turnsOf } from "./conversations.ts";
import { type Bindings, endpoint } from "./endpoint.ts";

const none = z.literal(0);

const compacted = z
  .strictObject({
    id: z.string(),
    object: z.literal("response.compaction"),
    created_at: z.int(),
    output: z.array(
      z.strictObject({
        type: z.literal("compaction"),
        id: z.string(),
        encrypted_content: z.string().openapi({ description: "Opaque: only this server can read it." }),
      }),
    ),
    usage: z
      .strictObject({
        input_tokens: none,
        input_tokens_details: z.strictObject({ cached_tokens: none }),
        output_tokens: none,
        output_tokens_details: z.strictObject({ reasoning_tokens: none }),
        total_tokens: none,
      })
      .openapi({ description: "All zero: nothing is computed." }),
  })
  .openapi("Compaction");

export const compact = [
  endpoint(
    {
      method: "post",
      path: "/v1/responses/compact",
      operationId: "compactResponse",
      tag: "Responses",
      summary: "Compact a dialogue into one item",
      description:
        "Takes a response, a conversation or items. In the input of a later request the item stands for everything before it. Nothing is computed, and nothing is lost.",
      body: compactRequest,
      replies: { 200: { description: "The item, as the only output.", schema: compacted } },
    },
    async (c, { caller, body: given, ignored }) => {
      const body = withoutCompaction(c.env, caller.tenant, given);
      const { input, last } = await resolveReferences(body, turnsOf(c, caller));
      const { model, conversation: _, ...rest } = body;
      const isSaid = input != null || rest.previous_response_id != null || body.conversation != null;
      check(isSaid, "request_invalid", () => "input: expected items, or previous_response_id or conversation", "input");
      const request = { ...rest, model, input, generate: false, instructions: null, max_tool_calls: null };
      const turn = noting(ignored, () => responseTurn(request));
      await requireModel(c.env, model);
      const address = await addressOf(c, caller, body, last);
      const { id, created_at } = await answerOf<{ id: string; created_at: number }>(
        await runTurn(c, caller, address, turn),
      );
      const key = id.slice("resp_".length);
      const output = [
        { type: "compaction" as const, id: `cmp_${key}`, encrypted_content: sealed(c.env, caller.tenant, key) },
      ];
      return c.json({ id, object: "response.compaction", created_at, output, usage });
    },
  ),
];

const usage = {
  input_tokens: 0,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 0,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 0,
};

/** Of a conversation the turn where it stands: the conversation itself does not move. */
async function addressOf(
  c: Context<Bindings>,
  caller: Caller,
  body: CompactRequest,
  last: Parameters<typeof responseAddress>[3],
): Promise<ObjectAddress> {
  const { conversation, ...rest } = body;
  const address = responseAddress(c.env, caller, body, last);
  if (conversation == null) return address;
  if (rest.previous_response_id != null) throw both;
  const id = typeof conversation === "string" ? conversation : conversation.id;
  const { turn } = await answerOfHead<HeadView>(c, caller, id, (head) => `/head/${head}`);
  return { object: address.object, turn: { persistent: true, parent: turn } };
}

const both = new Failure("request_invalid", "previous_response_id: expected this or conversation, not both", {
  param: "previous_response_id",
});
