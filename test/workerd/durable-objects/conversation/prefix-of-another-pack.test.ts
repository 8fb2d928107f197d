/**
 * The server is started with another pack of the same model: shared prefixes that are kept are read again, once (V6).
 */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { Conversation } from "../../../../durable-objects/conversation/conversation.ts";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { streamLimits } from "../../../../durable-objects/platform/limits.ts";
import { type PrefixView, prefixObject } from "../../../../src/api/conversations/prefix.ts";
import { Failure } from "../../../../src/core/failure.ts";
import { EARLIER, LATER } from "../../../support/another-pack.ts";
import { http, say, send } from "../../../support/chat-client.ts";
import { gatedToy, stream, Tail, until } from "../../../support/gated-toy.ts";
import { askObject, contentOf, converse, type Reply, rows, told, turnRequest } from "../../../support/object.ts";

const TEXT = "All of the manual. ".repeat(20);
const { gate, toy, startedWith } = gatedToy({ contextLength: 8192 });
beforeEach(() => startedWith(EARLIER).then(() => {}));

const object = () => prefixObject(env, "local", "manual");
const make = (fields = {}, query = "", headers = {}) => {
  const body = JSON.stringify({ name: "manual", text: TEXT, ...fields });
  return env.CONVERSATION.getByName(object()).fetch(`http://conversation/prefix${query}`, {
    ...{ method: "POST", body, headers: { "x-rivulet-tenant": "local", ...headers } },
  });
};
const view = () => told<PrefixView>(askObject(object(), "/prefix") as Promise<Response>);
const turns = () =>
  runInDurableObject(
    env.CONVERSATION.getByName(object()) as never,
    (({ store }: Conversation) => store.tree.all().length) as never,
  ) as unknown as Promise<number>;
const tokens = () => toy().prompt.system(TEXT).length;
const begun = (conversation: string, content = "one") => converse(conversation, content, { prefix: "manual", seed: 1 });
const asSent = (content = "one") =>
  converse("plain", "", {
    messages: [
      { role: "system", content: TEXT },
      { role: "user", content },
    ],
    seed: 1,
  });

it.each([LATER, { ...LATER, tokenizer: "c".repeat(64), template: "d".repeat(64) }])(
  "it is read once, from its text, for all that begin with it: %o",
  async (pack) => {
    await told(make());
    await startedWith(pack);
    const replies = await Promise.all([begun("a"), begun("b")]);
    const own = toy().prompt.afterSystem([{ role: "user", content: "one" }]).length + 7;
    expect(toy().fed.length).toBe(tokens() + 2 * own);
    for (const reply of replies) {
      expect(reply.usage.prompt_tokens_details.cached_tokens).toBe(tokens());
      expect(reply.timings).toMatchObject({ state: "forked", rebuilt_tokens: 0 });
    }
    expect(await view()).toMatchObject({ status: "completed", tokens: tokens() });
    expect(await turns()).toBe(1);
    expect(contentOf(replies[0]!)).toBe(contentOf(await asSent()));
    const aside = turnRequest("one", {
      head: undefined as never,
      parent: null,
      prefix: "manual",
      persistent: false,
      seed: 1,
    });
    const before = toy().fed.length;
    expect(contentOf(await told<Reply>(askObject(object(), "/turn", { body: aside })))).toBe(contentOf(replies[0]!));
    expect(toy().fed.length - before).toBe(own);
  },
);

it.each([
  ["the same tokenizer", LATER],
  ["another tokenizer", { ...LATER, tokenizer: "c".repeat(64) }],
])("what would begin with it is counted without reading it again: %s", async (_, pack) => {
  await told(make());
  await startedWith(pack);
  if (pack !== LATER) {
    const { prompt } = toy();
    Object.assign(toy(), { prompt: { ...prompt, system: (text: string) => [...prompt.system(text), 97, 98] } });
  }
  const body = turnRequest("one", { head: undefined as never, parent: null, prefix: "manual", persistent: false });
  const count = () => told<{ tokens: number }>(askObject(object(), "/count", { body }));
  const counted = await count();
  expect(toy().fed).toEqual([]);
  const { usage } = await begun("a");
  expect(counted).toEqual({ tokens: usage.prompt_tokens });
  expect(await count()).toEqual(counted);
});

it("one that the earlier pack was still reading is counted, and not read", async () => {
  gate.at = () => new Promise(() => {});
  expect((await make({}, "?background=true")).status).toBe(202);
  await abortAllDurableObjects();
  gate.at = () => {};
  await startedWith(LATER);
  const body = turnRequest("one", { head: undefined as never, parent: null, prefix: "manual", persistent: false });
  const own = toy().prompt.afterSystem([{ role: "user", content: "one" }]).length;
  expect(await told(askObject(object(), "/count", { body }))).toEqual({ tokens: tokens() + own });
  expect(toy().fed).toEqual([]);
});

it("a conversation that began with it before goes on, from the tokens it took", async () => {
  await told(make());
  await begun("a");
  const [{ position }] = (await rows("a", "SELECT position FROM turns ORDER BY depth DESC LIMIT 1")) as [
    { position: number },
  ];
  await startedWith(LATER);
  const second = await begun("a", "two");
  expect(second.timings).toMatchObject({ rebuilt_tokens: position, rebuilt_because: "model_changed" });
  expect(position).toBeGreaterThan(tokens());
  // The same dialogue, whose ids the new pack reads from the beginning.
  expect(toy().fed.length).toBe(second.usage.prompt_tokens + 7);
});

it("made again it is read again, under the same key too", async () => {
  const key = { "idempotency-key": "k" };
  await told(make({}, "", key));
  await startedWith(LATER);
  expect(await told(make({}, "", key))).toMatchObject({ status: "completed", tokens: tokens() });
  expect(toy().fed.length).toBe(tokens());
  await told(make({}, "", key));
  await begun("a");
  expect(toy().fed.length).toBeLessThan(tokens() + 60);
  expect(await turns()).toBe(1);
});

it("one that was being read when the server stopped is read by the new pack for whoever asks for it", async () => {
  let held = true;
  gate.at = () => (held ? new Promise(() => {}) : undefined);
  const making = make({}, "?background=true");
  expect((await making).status).toBe(202);
  await abortAllDurableObjects();
  held = false;
  await startedWith(LATER);
  const reply = await begun("a");
  expect(reply.usage.prompt_tokens_details.cached_tokens).toBe(tokens());
  expect(await turns()).toBe(1);
  expect(contentOf(reply)).toBe(contentOf(await asSent()));
});

describe("a stream behind it", () => {
  const behind = (fields = {}) => stream("a", "one", { prefix: "manual", max_tokens: 8, ...fields });

  it("has its headers and heartbeats while it is read", async () => {
    await told(make());
    await startedWith(LATER);
    streamLimits.heartbeatMs = 20;
    let held = true;
    gate.at = () => (held ? until(() => !held) : undefined);
    const tail = await behind();
    await tail.commented(3);
    held = false;
    expect([await tail.end(), tail.seen.at(-1)!.finish]).toEqual(["done", "length"]);
    expect(tail.content).toBe(contentOf(await asSent()));
  });

  it("is told in the stream what comes in its way then", async () => {
    await told(make());
    await startedWith(LATER);
    streamLimits.heartbeatMs = 20;
    let held = true;
    gate.at = async () => {
      await until(() => !held);
      throw new Failure("state_unreadable", "the disk is worn");
    };
    const tail = await behind();
    await tail.commented(1);
    held = false;
    expect(await tail.end()).toBe("ended");
    expect(tail.seen).toMatchObject([{ error: { code: "state_unreadable", param: "prefix" } }]);
    gate.at = () => {};
    // Nothing has begun.
    expect((await http("/v1/conversations/a")).status).toBe(404);
    await told(make());
    expect(await (await behind()).end()).toBe("done");
  });

  it("is not answered where its client has left meanwhile", async () => {
    await told(make());
    await startedWith(LATER);
    streamLimits.heartbeatMs = 20;
    let held = true;
    gate.at = () => (held ? until(() => !held) : undefined);
    const client = new AbortController();
    const asked = { model: "tiny", conversation: "a", prefix: "manual", messages: [say("one")], stream: true };
    const tail = new Tail(await send(asked, {}, client.signal));
    await tail.commented(1);
    client.abort();
    held = false;
    expect(await (await behind({ conversation: "b" })).end()).toBe("done");
    await until(() => admission.live === 0, "the memory slot of a turn that nobody reads");
    const prompt = toy().prompt.afterSystem([{ role: "user", content: "one" }]).length;
    expect(toy().fed.length).toBeLessThanOrEqual(tokens() + 2 * prompt + 7);
  });
});
