import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { weights } from "../../../durable-objects/model/served-model.ts";
import { chat, type ErrorReply, events, http, say, send, streamText, textOf } from "../../support/chat-client.ts";
import { newObjects } from "../../support/new-objects.ts";
import { type Toy, toyServed } from "../../support/toy-served.ts";

let toy: Toy;
beforeAll(async () => {
  toy = toyServed({ contextLength: 2000 });
  await weights.get(async () => toy);
});
afterEach(() => reset());

describe("POST /v1/chat/completions", () => {
  it("answers in OpenAI's shape and counts tokens", async () => {
    const reply = await chat({ messages: [say("hello")] });
    const prompt = toy.prompt.start([{ role: "user", content: "hello" }]).length;
    expect(reply).toMatchObject({
      object: "chat.completion",
      model: "tiny",
      choices: [{ index: 0, message: { role: "assistant" }, finish_reason: "length", logprobs: null }],
      usage: {
        prompt_tokens: prompt,
        completion_tokens: 8,
        total_tokens: prompt + 8,
        prompt_tokens_details: { cached_tokens: 0 },
      },
      timings: { state: "new", prefill_tokens: prompt, decode_tokens: 8 },
    });
    expect(textOf(reply)).toMatch(/^[a-z ]{8}$/);
    expect(toy.live.size).toBe(0);
  });

  it("streams the same text, with rising ids, one finish reason, usage when asked, and [DONE]", async () => {
    const whole = await chat({ messages: [say("hello")] });
    const fields = { model: "tiny", max_tokens: 8, messages: [say("hello")], stream: true };
    const stream = await events(await send({ ...fields, stream_options: { include_usage: true } }));
    expect(streamText(stream)).toBe(textOf(whole));
    expect(stream[0]!.data.choices![0]!.delta.role).toBe("assistant");
    expect(stream.flatMap(({ data }) => data.choices?.[0]?.finish_reason ?? [])).toEqual(["length"]);
    expect(stream.at(-1)!.data).toMatchObject({ choices: [], usage: whole.usage });
    const plain = await events(await send(fields));
    expect(plain.some(({ data }) => data.usage !== undefined)).toBe(false);
  });

  it("S11: ends at a stop string, also one that spans tokens, and shows none of it", async () => {
    const whole = textOf(await chat({ messages: [say("hello")], max_tokens: 12 }));
    const stop = whole.slice(5, 8);
    const stopped = await chat({ messages: [say("hello")], max_tokens: 12, stop });
    expect(textOf(stopped)).toBe(whole.slice(0, whole.indexOf(stop)));
    expect(stopped.choices[0]!.finish_reason).toBe("stop");
  });

  it("reports log probabilities of each token", async () => {
    const reply = await chat({ messages: [say("hello")], max_tokens: 3, logprobs: true, top_logprobs: 2 });
    const { content } = reply.choices[0]!.logprobs as {
      content: { token: string; logprob: number; top_logprobs: unknown[] }[];
    };
    expect(content.map(({ token }) => token).join("")).toBe(textOf(reply));
    expect(content.every(({ logprob, top_logprobs }) => logprob <= 0 && top_logprobs.length === 2)).toBe(true);
  });

  it("stores nothing without a session", async () => {
    const asked = await newObjects(env.CONVERSATION);
    await chat({ messages: [say("hello")] });
    for (const id of await asked()) {
      const tables = await runInDurableObject(env.CONVERSATION.get(id), (_, { storage }) =>
        storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
      );
      expect(tables).toEqual([]);
    }
  });

  it("is repeatable by seed, and by nothing else at a temperature", async () => {
    const fields = { messages: [say("dice")], temperature: 2, max_tokens: 30 };
    const [a, b] = [await chat({ ...fields, seed: 7 }), await chat({ ...fields, seed: 7 })];
    const [c, d] = [await chat({ ...fields, seed: 8 }), await chat(fields)];
    expect(textOf(a)).toBe(textOf(b));
    expect(new Set([a, c, d].map(textOf)).size).toBe(3);
  });
});

describe("bad input", () => {
  const message = [say("x")];
  const cases: [what: string, body: unknown, status: number, code: string, param: string | null][] = [
    ["malformed JSON", "{", 400, "request_invalid", null],
    ["no object", "[]", 400, "request_invalid", null],
    ["deep JSON", `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`, 400, "request_invalid", `a${".a".repeat(99)}`],
    [
      "a prototype key",
      '{"model":"tiny","messages":[{"role":"user","content":"x"}],"__proto__":{"a":1}}',
      400,
      "request_invalid",
      "__proto__",
    ],
    ["H5: a key given twice", '{"model":"tiny","model":"tiny","messages":[]}', 400, "request_invalid", "model"],
    ["H5: a number beyond f64", '{"model":"tiny","seed":1e400}', 400, "request_invalid", "seed"],
    ["no messages", { model: "tiny", messages: [] }, 400, "request_invalid", "messages"],
    ["unknown model", { model: "gpt", messages: message }, 404, "model_unknown", "model"],
    ["unknown field", { model: "tiny", messages: message, sample: [1] }, 400, "request_invalid", "sample"],
    ["n in a session", { model: "tiny", conversation: "ada", messages: message, n: 2 }, 400, "request_invalid", "n"],
    [
      "H7: prompt beyond the context",
      { model: "tiny", messages: [say("x".repeat(2100))] },
      400,
      "context_length_exceeded",
      "messages",
    ],
    ["H5: body beyond the cap", { model: "tiny", messages: [say("x".repeat(1 << 20))] }, 413, "body_too_large", null],
  ];

  it.each(cases)("%s", async (_, body, status, code, param) => {
    const before = toy.fed.length;
    const response = await send(body);
    const { error } = (await response.json()) as ErrorReply;
    expect({ status: response.status, code: error.code, param: error.param }).toEqual({ status, code, param });
    expect(Object.keys(error).toSorted()).toEqual(["code", "message", "param", "type"]);
    expect(toy.fed.length, "tokens fed").toBe(before);
    // O8: the next request is served.
    expect(textOf(await chat({ messages: message })).length).toBe(8);
  });

  it("H7: /v1/completions names the prompt that has no room", async () => {
    const body = JSON.stringify({ model: "tiny", prompt: ["short", "x".repeat(2010)] });
    const headers = { "content-type": "application/json" };
    const response = await http("/v1/completions", { method: "POST", headers, body });
    const { error } = (await response.json()) as ErrorReply;
    expect([response.status, error.code, error.param]).toEqual([400, "context_length_exceeded", "prompt[1]"]);
    expect(error.message).toMatch(/^prompt\[1\]: this model.s maximum context length is \d+ tokens.*2010/);
  });

  it("refuses bodies that are not declared as JSON", async () => {
    const response = await send({ model: "tiny", messages: message }, { "content-type": "text/plain" });
    expect(response.status).toBe(400);
    expect(((await response.json()) as ErrorReply).error.param).toBe("content-type");
  });

  it("H10: unknown paths are 404, other methods 405 with what is allowed", async () => {
    expect((await http("/nothing")).status).toBe(404);
    expect((await http("/packs/tiny/manifest.json")).status).toBe(404);
    const wrong = await http("/v1/chat/completions");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
    expect(((await wrong.json()) as ErrorReply).error.code).toBe("method_not_allowed");
    expect((await http("/healthz", { method: "DELETE" })).headers.get("allow")).toBe("GET");
  });
});

describe("other routes", () => {
  it("lists the served model", async () => {
    const list = (await (await http("/v1/models")).json()) as { data: { id: string }[] };
    expect(list).toMatchObject({ object: "list", data: [{ id: "tiny", object: "model", context_length: 2048 }] });
    expect((await http("/v1/models/tiny")).status).toBe(200);
    expect((await http("/v1/models/other")).status).toBe(404);
  });

  it("healthz says that the Worker answers, readyz that the model computes", async () => {
    expect(await (await http("/healthz")).json()).toEqual({ status: "ok" });
    const ready = await http("/readyz");
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({
      status: "ready",
      model: "tiny",
      golden: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(ready.headers.get("x-content-type-options")).toBe("nosniff");
  });
});
