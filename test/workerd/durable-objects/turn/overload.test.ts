/** More requests than a conversation can take: they are refused at once, what was answered is kept, and it goes on. */
import { beforeAll, expect, it } from "vitest";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { weights } from "../../../../durable-objects/model/served-model.ts";
import { chat, type ErrorReply, say, send } from "../../../support/chat-client.ts";
import { turnsOf } from "../../../support/object.ts";
import { type Toy, toyServed } from "../../../support/toy-served.ts";

let toy: Toy;
beforeAll(async () => {
  toy = toyServed();
  await weights.get(async () => toy);
});

it("L2: of hundreds of turns at once some are refused with a time to come again, none is lost, and the next is answered", async () => {
  await chat({ conversation: "ada", messages: [say("first")] });
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      const response = await send({ model: "tiny", max_tokens: 2, conversation: "ada", messages: [say(`turn ${n}`)] });
      const body = (await response.json()) as Partial<ErrorReply> & { id?: string };
      return {
        status: response.status,
        retry: response.headers.get("retry-after"),
        code: body.error?.code,
        id: body.id,
      };
    }),
  );
  const done = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status !== 200);
  expect(done.length).toBeGreaterThan(0);
  expect(refused.length).toBeGreaterThan(100);
  for (const { status, retry, code } of refused) {
    expect([409, 429, 503], `${status} ${code}`).toContain(status);
    if (status !== 409) expect(Number(retry)).toBeGreaterThan(0);
  }
  const kept = await turnsOf("ada");
  expect(kept).toHaveLength(1 + done.length);
  await chat({ conversation: "ada", messages: [say("last")] });
  expect([admission.live, toy.live.size]).toEqual([0, 0]);
});

it("L3: of fifty that generate at once, whoever is let in gets as many tokens, and others are still answered", async () => {
  const ends: number[] = [];
  const began = toy.fed.length;
  const work = Array.from({ length: 50 }, async (_, n) => {
    const response = await send({ model: "tiny", max_tokens: 24, conversation: `c${n}`, messages: [say("go on")] });
    await response.text();
    if (response.status === 200) ends.push(toy.fed.length - began);
    return response.status;
  });
  const question = await send({ model: "tiny", max_tokens: 1, messages: [] });
  expect(question.status).toBe(400);
  expect(ends).toEqual([]);
  const statuses = await Promise.all(work);
  expect(new Set(statuses).size).toBeLessThanOrEqual(2);
  for (const status of statuses) expect([200, 503]).toContain(status);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(10);
  expect([admission.live, toy.live.size]).toEqual([0, 0]);
});
