/** A parameter of sampling is one field everywhere: each endpoint takes it, and it reaches the turn. */
import { expect, it } from "vitest";
import { chatRequest, chatTurn } from "../../../src/api/chat/request.ts";
import { completionRequest, completionTurn } from "../../../src/api/completions/request.ts";
import { messageRequest, messageTurn } from "../../../src/api/messages/request.ts";
import { responseRequest, responseTurn } from "../../../src/api/responses/request.ts";
import { parse } from "../../../src/api/shared/parse-body.ts";
import { reasonOf } from "../../../src/api/shared/reply-parts.ts";
import { samplingFields } from "../../../src/api/shared/sampling-fields.ts";
import type { FinishReason } from "../../../src/api/shared/turn.ts";
import { greedy } from "../../../src/sampling/sampling.ts";

const messages = [{ role: "user", content: "hi" }];
const turns = {
  chat: (fields: object) => chatTurn(parse({ model: "m", messages, ...fields }, chatRequest)),
  response: (fields: object) => responseTurn(parse({ model: "m", input: "hi", ...fields }, responseRequest)),
  completion: (fields: object) => completionTurn(parse({ model: "m", prompt: "hi", ...fields }, completionRequest)),
  message: (fields: object) => messageTurn(parse({ model: "m", messages, ...fields }, messageRequest)),
};
const value = (field: string) => (field === "logit_bias" ? { 7: 1 } : 1);
const { seed: _, ...drawing } = samplingFields;

it.each(Object.keys(turns) as (keyof typeof turns)[])("every parameter of sampling reaches a %s's turn", (kind) => {
  for (const field of Object.keys(drawing)) {
    const { sampling } = turns[kind]({ [field]: value(field) });
    const given = Object.entries(sampling).filter(([, set]) => set !== undefined);
    expect(given, field).toHaveLength(1);
  }
  expect(turns[kind]({ seed: 3 }).seed).toBe(3);
});

it("nothing of sampling is out of a client's reach", () => {
  const fields = Object.fromEntries(Object.keys(drawing).map((field) => [field, value(field)]));
  expect(Object.keys(turns.chat(fields).sampling).sort()).toEqual(Object.keys(greedy).sort());
});

it("a reason that only a later release knows is not handed on to clients", () => {
  expect(reasonOf({ reason: "cancelled" })).toBe("length");
  expect(reasonOf({ reason: "eaten" as FinishReason })).toBe("stop");
});
