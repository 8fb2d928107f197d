import { abortAllDurableObjects } from "cloudflare:test";
import { expect, it } from "vitest";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { ConversationStore } from "../../../../durable-objects/storage/conversation-store.ts";
import { call } from "../../../../src/routes/call.ts";
import { chat, type ErrorReply, http, type Reply, say, textOf } from "../../../support/chat-client.ts";
import { FaultyStorage } from "../../../support/faulty-storage.ts";
import { ask, gatedToy, pause, stream, Tail, until } from "../../../support/gated-toy.ts";
import { inside, stub, turnsOf } from "../../../support/object.ts";

const { gate, toy } = gatedToy();
const key = (value: string) => ({ "idempotency-key": value });
const codeOf = async (response: Response) => [response.status, ((await response.json()) as ErrorReply).error.code];

it.each(["ada", undefined])(
  "I1: the same key and body gives the same bytes, and computes nothing (conversation: %s)",
  async (conversation) => {
    const first = await (await ask(conversation, "one", { max_tokens: 12 }, key('"k-1"'))).text();
    const fed = toy().fed.length;
    for (let i = 0; i < 3; i++) {
      const again = await ask(conversation, "one", { max_tokens: 12 }, key("k-1"));
      expect([again.status, await again.text()]).toEqual([200, first]);
    }
    expect(toy().fed.length).toBe(fed);
  },
);

it("I1: a failure is given again as well", async () => {
  gate.at = () => {
    throw new Error("broken");
  };
  const first = await ask("ada", "one", {}, key("k"));
  gate.at = () => {};
  const again = await ask("ada", "one", {}, key("k"));
  expect([first.status, again.status, await again.text()]).toEqual([500, 500, await first.text()]);
  expect((await turnsOf("ada")).length).toBe(1);
});

it("I2: the same key while the turn runs is 409 with Retry-After, and there is one turn", async () => {
  gate.at = () => pause(1);
  const first = ask("ada", "one", {}, key("k"));
  await until(() => admission.live === 1);
  const second = await ask("ada", "one", {}, key("k"));
  expect(second.headers.get("retry-after")).toBe("5");
  expect(await codeOf(second)).toEqual([409, "turn_in_progress"]);
  expect((await first).status).toBe(200);
  expect((await turnsOf("ada")).length).toBe(1);
});

it("I2: two requests with one key in the same moment are one turn", async () => {
  const both = await Promise.all([ask("ada", "one", {}, key("k")), ask("ada", "one", {}, key("k"))]);
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  expect((await turnsOf("ada")).length).toBe(1);
});

it("I3: the same key for another body is 422", async () => {
  await ask("ada", "one", {}, key("k"));
  expect(await codeOf(await ask("ada", "two", {}, key("k")))).toEqual([422, "idempotency_mismatch"]);
  expect(await codeOf(await ask("ada", "one", { max_tokens: 3 }, key("k")))).toEqual([422, "idempotency_mismatch"]);
  expect(await codeOf(await ask("ada", "one", {}, key("é")))).toEqual([400, "request_invalid"]);
});

it("I4: repeated after a crash, the request gets the whole reply of the one turn", async () => {
  const expected = textOf(await chat({ conversation: "twin", messages: [say("one")], max_tokens: 200 }));
  gate.at = () => pause(1);
  const tail = new Tail(await ask("ada", "one", { stream: true }, key("k")));
  await tail.text(20);
  await abortAllDurableObjects();
  await tail.end();
  gate.at = () => {};
  const again = new Tail(await ask("ada", "one", { stream: true }, key("k")));
  expect([await again.end(), again.content]).toEqual(["done", expected]);
  expect((await turnsOf("ada")).length).toBe(1);
});

it("I5: conversations, and so tenants, have keys of their own", async () => {
  const a = (await (await ask("ada", "one", {}, key("k"))).json()) as Reply;
  const b = (await (await ask("bob", "two", {}, key("k"))).json()) as Reply;
  expect(a.id).not.toBe(b.id);
  expect(textOf(a)).not.toBe(textOf(b));
});

it("I6: four wait in order and the rest is refused; the transcript is that of one after the other", async () => {
  let held = true;
  gate.at = () => (held ? until(() => !held) : undefined);
  const turns = ["a", "b", "c", "d", "e", "f"].map((content) => ask("ada", content, { max_tokens: 5 }));
  // All others have come when one is refused.
  await Promise.race(turns);
  held = false;
  expect((await Promise.all(turns)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 409]);
  const texts = (await turnsOf("ada")).reverse();
  for (const [i, content] of ["a", "b", "c", "d", "e"].entries()) {
    expect(textOf(await chat({ conversation: "twin", messages: [say(content)], max_tokens: 5 }))).toBe(texts[i]!.reply);
  }
});

it("I8: a call that the platform says to repeat is repeated once, by a new stub; an overloaded object is left alone", async () => {
  let stubs = 0;
  const failing = (error: object, times: number) => () => {
    stubs++;
    return {
      fetch: async () => {
        if (stubs <= times) throw Object.assign(new Error("reset"), error);
        return new Response("fine");
      },
    } as unknown as DurableObjectStub;
  };
  const asked = async (error: object, times: number) => {
    stubs = 0;
    const outcome = await call(failing(error, times), "/", {}).then(
      (response) => response.text(),
      (thrown) => thrown.code,
    );
    return [outcome, stubs];
  };
  expect(await asked({ retryable: true }, 1)).toEqual(["fine", 2]);
  expect(await asked({ retryable: true }, 9)).toEqual(["storage_unavailable", 2]);
  expect(await asked({ retryable: true, overloaded: true }, 9)).toEqual(["busy", 1]);
  expect(await asked({ durableObjectReset: true }, 9)).toEqual(["storage_unavailable", 1]);
});

it("I8: the call that is repeated finds the turn that it began", async () => {
  gate.at = () => pause(1);
  const body = (id: string) => ({
    ...{ tenant: "local", persistent: true, head: "main", id, model: "tiny", sampling: {}, stop: [], maxTokens: 40 },
    ...{ messages: [say("one")], reply: { object: "chat.completion", stream: false, includeUsage: false } },
  });
  const post = () =>
    stub("ada").fetch("http://object/turn", { method: "POST", body: JSON.stringify(body("a".repeat(16))) });
  const [a, b] = await Promise.all([post(), until(() => admission.live === 1).then(post)]);
  expect(await a.text()).toBe(await b.text());
  expect(await (await post()).json()).toMatchObject({ rivulet: { turn: "a".repeat(16) } });
  expect((await turnsOf("ada")).length).toBe(1);
});

it.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "I9: two turns at once, however their steps fall (seed %i), are one after the other",
  async (seed) => {
    let random = seed * 7919;
    gate.at = () => {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      return random % 3 === 0 ? undefined : pause(random % 5);
    };
    const contents = ["left", "right"];
    await Promise.all(
      contents
        .map((content) => ask("ada", content, { max_tokens: 10, stream: seed % 2 === 0 }))
        .map(async (r) => (await r).text()),
    );
    const [second, first] = await turnsOf("ada");
    expect(second!.parent).toBe(first!.id);
    gate.at = () => {};
    for (const turn of [first!, second!]) {
      const again = await chat({ conversation: "twin", messages: turn.request.messages, max_tokens: 10 });
      expect(textOf(again)).toBe(turn.reply);
    }
    const next = await Promise.all(
      ["ada", "twin"].map((conversation) => chat({ conversation, messages: [say("next")] })),
    );
    expect(textOf(next[0]!)).toBe(textOf(next[1]!));
  },
);

it("I10: an instance that storage no longer knows says nothing of the turn's end, and the next one gives the rest", async () => {
  const expected = textOf(await chat({ conversation: "twin", messages: [say("one")], max_tokens: 200 }));
  gate.at = () => pause(1);
  const shim = await inside("ada", (instance, { storage }) => {
    const faulty = new FaultyStorage(storage as never);
    instance.store = new ConversationStore(faulty);
    return faulty;
  });
  const tail = await stream("ada", "one");
  await tail.text(20);
  const [id] = await inside("ada", ({ store }) => store.journal.running());
  shim.arm({ failAt: 1, forever: true });
  expect([await tail.end(), tail.seen.at(-1)!.error?.code]).toEqual(["ended", "storage_unavailable"]);
  expect(tail.seen.filter(({ finish }) => finish !== null)).toEqual([]);
  await abortAllDurableObjects();
  gate.at = () => {};
  const last = tail.seen.findLast(({ text }) => text !== "")!.id;
  const path = `chatcmpl-${stub("ada").id.name}${id}?stream=true&starting_after=${last}`;
  const more = new Tail(await http(`/v1/chat/completions/${path}`));
  expect([await more.end(), tail.content + more.content]).toEqual(["done", expected]);
});
