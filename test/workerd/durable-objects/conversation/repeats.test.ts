/**
 * I1, I3 for everything that changes something and is no turn: the same key and body is done
 * once, another body is refused.
 */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { chat, http, say } from "../../../support/chat-client.ts";
import { gatedToy } from "../../../support/gated-toy.ts";
import { inside, turnsOf } from "../../../support/object.ts";

const { toy } = gatedToy();

async function post(path: string, body: object | ArrayBuffer, key: string) {
  const isFile = body instanceof ArrayBuffer;
  const response = await http(`/v1${path}`, {
    headers: { "idempotency-key": key, ...(isFile ? {} : { "content-type": "application/json" }) },
    body: isFile ? body : JSON.stringify(body),
  });
  const answer = (await response.json()) as { id: string; recompute_tokens?: number; error?: { code: string } };
  return { status: response.status, answer, code: answer.error?.code };
}
const mismatch = { status: 422, code: "idempotency_mismatch" };

it("I1, I3: a conversation is made once", async () => {
  const body = { metadata: { a: "b" }, items: [{ type: "message", role: "user", content: "hello" }] };
  const first = await post("/conversations", body, "made");
  expect(first.status).toBe(200);
  expect(await post("/conversations", body, "made")).toEqual(first);
  expect((await turnsOf(first.answer.id)).length).toBe(1);
  expect(await post("/conversations", { ...body, metadata: {} }, "made")).toMatchObject(mismatch);
  expect(await post("/conversations", { ...body, items: [] }, "made")).toMatchObject(mismatch);
  expect((await post("/conversations", body, "other")).answer.id).not.toBe(first.answer.id);
});

it("I1, I3: a fork is made once, also when the conversation has gone on; without a key there are two", async () => {
  const { rivulet } = await chat({ conversation: "forked", messages: [say("one")] });
  const first = await post("/conversations/forked/fork", {}, "k");
  expect(first.status).toBe(200);
  await chat({ conversation: "forked", messages: [say("two")] });
  expect(await post("/conversations/forked/fork", {}, "k")).toEqual(first);
  expect(await post("/conversations/forked/fork", { turn: rivulet.turn }, "k")).toMatchObject(mismatch);
  expect((await post("/conversations/forked/fork", {}, "other")).answer.id).not.toBe(first.answer.id);
  expect(await inside("forked", ({ store }) => store.heads.all().length)).toBe(3);
});

it("I1, I3: a rewind that is repeated takes nothing back that came after it", async () => {
  const { rivulet } = await chat({ conversation: "rewound", messages: [say("one")] });
  await chat({ conversation: "rewound", messages: [say("two")] });
  const back = { turn: rivulet.turn };
  const first = await post("/conversations/rewound/rewind", back, "k");
  expect([first.status, first.answer.recompute_tokens]).toEqual([200, 0]);
  const next = await chat({ conversation: "rewound", messages: [say("three")] });
  expect((await post("/conversations/rewound/rewind", back, "k")).answer.recompute_tokens).toBe(0);
  expect(await inside("rewound", ({ store }) => store.heads.require("main").turn)).toBe(next.rivulet.turn);
  expect(await post("/conversations/rewound/rewind", { turn: null }, "k")).toMatchObject(mismatch);
  expect((await post("/conversations/rewound/rewind", back, "other")).status).toBe(200);
  expect(await inside("rewound", ({ store }) => store.heads.require("main").turn)).toBe(rivulet.turn);
});

it("I1, I3: a file is imported once; without the key the name is taken", async () => {
  Object.assign(env, { SESSION_KEY: "a secret" });
  try {
    const fileOf = async (conversation: string) => {
      await chat({ conversation, messages: [say("one")] });
      return (await http(`/v1/conversations/${conversation}/export`)).arrayBuffer();
    };
    const [file, other] = [await fileOf("exported"), await fileOf("another")];
    const first = await post("/conversations/import?id=imported", file, "k");
    expect(first.status).toBe(200);
    expect(await post("/conversations/import?id=imported", file, "k")).toEqual(first);
    expect(await post("/conversations/import?id=imported", other, "k")).toMatchObject(mismatch);
    expect(await post("/conversations/import?id=imported", file, "new")).toMatchObject({
      ...{ status: 409, code: "conversation_conflict" },
    });
  } finally {
    Object.assign(env, { SESSION_KEY: "" });
  }
});

it("I1, I3: a prefix is computed once; another text under its key is 422, under another key a conflict", async () => {
  const body = { name: "manual", text: "a long text" };
  const first = await post("/prefixes", body, "k");
  expect(first.status).toBe(200);
  const fed = toy().fed.length;
  expect(await post("/prefixes", body, "k")).toEqual(first);
  expect(toy().fed.length).toBe(fed);
  expect(await post("/prefixes", { ...body, text: "another" }, "k")).toMatchObject(mismatch);
  expect(await post("/prefixes", { ...body, text: "another" }, "new")).toMatchObject({ status: 409 });
});
