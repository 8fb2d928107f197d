import { evictAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { Conversation } from "../../../../durable-objects/conversation/conversation.ts";
import { listDirectory } from "../../../../durable-objects/directory/directory-client.ts";
import { limits } from "../../../../durable-objects/platform/limits.ts";
import { type PrefixView, prefixObject } from "../../../../src/api/conversations/prefix.ts";
import { RECORD_MAX_BYTES } from "../../../../src/portable/file-format.ts";
import { gatedToy } from "../../../support/gated-toy.ts";
import {
  askObject,
  contentOf,
  converse,
  named,
  type Reply,
  refused,
  told,
  turnRequest,
} from "../../../support/object.ts";

/** A state of more bytes than the largest record has: what begins with a prefix is imported. */
const { gate, toy } = gatedToy({ ballast: RECORD_MAX_BYTES + 1000, contextLength: 8192 });

const TEXT = "All of the manual. ".repeat(60);
const object = (name = "manual", tenant = "local") => prefixObject(env, tenant, name);
const make = (fields = {}, query = "", tenant = "local") =>
  askObject(object("manual", tenant), `/prefix${query}`, { body: { name: "manual", text: TEXT, ...fields }, tenant });
const view = () => told<PrefixView>(askObject(object(), "/prefix") as Promise<Response>);
const stub = (name: string) => env.CONVERSATION.getByName(name);
const inside = <R>(name: string, work: (instance: Conversation, state: DurableObjectState) => R | Promise<R>) =>
  runInDurableObject(stub(name) as never, work as never) as Promise<R>;
const listed = async () =>
  (await listDirectory(env, "local", { kind: "prefix", limit: 10, order: "asc" })).entries.map(({ id, info }) => [
    id,
    info.tokens,
  ]);
const withPrefix = (conversation: string, content: string, fields = {}) =>
  converse(conversation, content, { prefix: "manual", ...fields });

it("is computed once; conversations begin with it without prefill, in other objects, and as if they had sent it", async () => {
  const system = { role: "system" as const, content: TEXT };
  const user = { role: "user" as const, content: "one" };
  const expected = await converse("plain", "", { messages: [system, user], seed: 5 });
  const made = await told<PrefixView>(make());
  expect(made).toMatchObject({ status: "completed", tokens: toy().prompt.system(TEXT).length, error: null });
  expect(made.stateBytes).toBeGreaterThan(RECORD_MAX_BYTES);
  await evictAllDurableObjects();
  for (const name of ["a", "b", "c"]) {
    const before = toy().fed.length;
    const reply = await withPrefix(name, "one", { seed: 5 });
    expect(contentOf(reply)).toBe(contentOf(expected));
    const own = toy().prompt.afterSystem([user]).length;
    expect(toy().fed.length - before).toBe(own + 7);
    expect(reply.usage.prompt_tokens_details.cached_tokens).toBe(made.tokens);
    expect(reply.timings.prefill_tokens).toBe(own);
  }
  // From then on it is a conversation like any other, and needs the prefix no more.
  await told(askObject(object(), "/prefix", { method: "DELETE" }));
  const [plain, shared] = [await converse("plain", "two", { seed: 6 }), await converse("a", "two", { seed: 6 })];
  expect(contentOf(shared)).toBe(contentOf(plain));
});

it("is listed while it is computed and when it is done, and deleted completely", async () => {
  await told(make());
  expect(await listed()).toEqual([["manual", toy().prompt.system(TEXT).length]]);
  expect(await view()).toMatchObject({ name: "manual", status: "completed" });
  await told(askObject(object(), "/prefix", { method: "DELETE" }));
  expect(await listed()).toEqual([]);
  expect(await refused(askObject(object(), "/prefix"))).toMatchObject({ code: "not_found" });
  const tables = await inside(object(), (_, { storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
  );
  expect(tables).toEqual([]);
  expect(
    await refused(askObject(named("x"), "/turn", { body: turnRequest("hi", { prefix: "manual" }) })),
  ).toMatchObject({
    code: "not_found",
    param: "prefix",
  });
});

it("made again with the same text it is the same, with another text a conflict", async () => {
  const first = await told<PrefixView>(make());
  const before = toy().fed.length;
  expect(await told(make())).toEqual(first);
  expect(toy().fed.length).toBe(before);
  expect(await refused(make({ text: "another" }))).toMatchObject({ code: "conversation_conflict", param: "name" });
});

it("reports progress as events", async () => {
  const response = await make({}, "?stream=true");
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const events = (await response.text()).split("\n\n").filter((event) => event !== "" && !event.startsWith(":"));
  expect(events.pop()).toBe("data: [DONE]");
  const shown = events.map((event) => JSON.parse(event.replace("data: ", "")));
  expect(shown.length).toBeGreaterThan(3);
  expect(shown.at(-1)).toMatchObject({ id: "manual", object: "prefix", status: "completed" });
  const done = shown.map(({ tokens_done }) => tokens_done);
  expect(done).toEqual(done.toSorted((a, b) => a - b));
  expect(shown[1]).toMatchObject({ status: "in_progress", tokens: toy().prompt.system(TEXT).length });
});

it("a conversation that begins while it is computed waits for it; a client that leaves does not end it", async () => {
  let go = () => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  gate.at = () => held;
  const started = await told<PrefixView>(make({}, "?background=true"));
  expect(started.status).toBe("in_progress");
  const reply = withPrefix("a", "one");
  await new Promise((resolve) => setTimeout(resolve, 50));
  gate.at = () => {};
  go();
  expect((await reply).usage.prompt_tokens_details.cached_tokens).toBe(toy().prompt.system(TEXT).length);
});

it("C3: its computing goes on from a checkpoint after the instance is gone", async () => {
  const { checkpointTokens, alarmMs } = limits;
  Object.assign(limits, { checkpointTokens: 100, alarmMs: 60_000 });
  try {
    let forwards = 0;
    gate.at = async () => {
      if (++forwards === 40) await new Promise(() => {});
    };
    await told(make({}, "?background=true"));
    await expect.poll(() => forwards).toBe(40);
    await inside(object(), (_, ctx) => ctx.abort("gone")).catch(() => {});
    gate.at = () => {};
    const before = toy().fed.length;
    await runDurableObjectAlarm(stub(object()));
    await expect.poll(async () => (await view()).status).toBe("completed");
    const total = toy().prompt.system(TEXT).length;
    expect(toy().fed.length - before).toBeLessThan(total - 400);
    expect(contentOf(await withPrefix("a", "one", { seed: 1 }))).toBe(
      contentOf(
        await converse("plain", "", {
          messages: [
            { role: "system", content: TEXT },
            { role: "user", content: "one" },
          ],
          seed: 1,
        }),
      ),
    );
  } finally {
    Object.assign(limits, { checkpointTokens, alarmMs });
  }
});

it("one that failed says why, and is tried again", async () => {
  gate.at = () => {
    throw Object.assign(new Error("the model broke"), { code: "weights_invalid" });
  };
  expect(await told<PrefixView>(make())).toMatchObject({ status: "failed", error: { code: "weights_invalid" } });
  expect(
    await refused(askObject(named("x"), "/turn", { body: turnRequest("hi", { prefix: "manual" }) })),
  ).toMatchObject({
    code: "weights_invalid",
  });
  gate.at = () => {};
  expect(await told<PrefixView>(make())).toMatchObject({ status: "completed", error: null });
});

it("one that the model cannot hold is refused with its tokens", async () => {
  expect(await refused(make({ text: "x".repeat(9000) }))).toMatchObject({ code: "context_length_exceeded" });
  expect(await refused(askObject(object(), "/prefix"))).toMatchObject({ code: "not_found" });
});

it("A3: another tenant's prefix does not exist", async () => {
  await told(make());
  expect(await refused(askObject(object(), "/prefix", { tenant: "eve" }))).toMatchObject({ code: "not_found" });
  expect(await refused(askObject(object(), "/prefix/file", { tenant: "eve" }))).toMatchObject({ code: "not_found" });
  const body = turnRequest("hi", { prefix: "manual", tenant: "eve" });
  expect(await refused(askObject(named("x", "eve"), "/turn", { body, tenant: "eve" }))).toMatchObject({
    code: "not_found",
  });
});

it("is for new conversations; one that began with it may name it again", async () => {
  await told(make());
  await converse("old", "one");
  const body = turnRequest("hi", { prefix: "manual", conversation: "old" });
  expect(await refused(askObject(named("old"), "/turn", { body }))).toMatchObject({
    code: "conversation_conflict",
    param: "prefix",
  });
  await withPrefix("new", "one");
  expect((await withPrefix("new", "two")).timings.state).toBe("resumed");
});

it("two that begin at once both begin", async () => {
  await told(make());
  const both = await Promise.all([withPrefix("a", "one", { seed: 1 }), withPrefix("a", "two", { seed: 1 })]);
  expect(
    both.map(({ usage }) => usage.prompt_tokens_details.cached_tokens >= toy().prompt.system(TEXT).length),
  ).toEqual([true, true]);
});

it("conversations of one prefix draw different numbers", async () => {
  await told(make());
  const sampled = { sampling: { temperature: 1.5 }, maxTokens: 40 };
  const chain = { ...sampled, head: undefined as never, parent: null, prefix: "manual" };
  const replies = [
    await withPrefix("a", "one", sampled),
    await withPrefix("b", "one", sampled),
    await told<Reply>(askObject(named("key 1"), "/turn", { body: turnRequest("one", chain) })),
    await told<Reply>(askObject(named("key 2"), "/turn", { body: turnRequest("one", chain) })),
  ];
  expect(new Set(replies.map(contentOf)).size).toBe(4);
});

it("serves a chain of responses in an object of its own, and requests that keep nothing in its own object", async () => {
  const made = await told<PrefixView>(make());
  const chain = { head: undefined as never, parent: null, prefix: "manual", seed: 1 };
  const first = await told<Reply>(askObject(named("key 1"), "/turn", { body: turnRequest("one", chain) }));
  const rows = () => inside(object(), ({ store }) => store.tree.all().length);
  const before = await rows();
  const kept = { ...chain, persistent: false };
  const stateless = await told<Reply>(askObject(object(), "/turn", { body: turnRequest("one", kept) }));
  expect(contentOf(stateless)).toBe(contentOf(first));
  for (const reply of [first, stateless]) expect(reply.usage.prompt_tokens_details.cached_tokens).toBe(made.tokens);
  expect(await rows()).toBe(before);
  expect(await listed()).toHaveLength(1);
});

it("a system message of another text beside it holds for that request", async () => {
  const made = await told<PrefixView>(make());
  const messages = [
    { role: "system" as const, content: "other" },
    { role: "user" as const, content: "hi" },
  ];
  const body = turnRequest("", { prefix: "manual", messages, conversation: "a" });
  const reply = await told<Reply>(askObject(named("a"), "/turn", { body }));
  const { prompt_tokens, prompt_tokens_details } = reply.usage;
  expect(prompt_tokens_details.cached_tokens).toBe(made.tokens);
  expect(prompt_tokens).toBeGreaterThan(made.tokens + "other".length);
});
