import { evictDurableObject, reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import type { Conversation } from "../../../../durable-objects/conversation/conversation.ts";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { selfCheck } from "../../../../durable-objects/model/self-check.ts";
import { weights } from "../../../../durable-objects/model/served-model.ts";
import { NUMERICS } from "../../../../src/backends/golden.ts";
import { countsOf } from "../../../../src/core/event-counts.ts";
import { metrics } from "../../../../src/core/metrics.ts";
import { chat, events, http, say, send, streamText, textOf } from "../../../support/chat-client.ts";
import { stub } from "../../../support/object.ts";

/** Here the model is a real one, though tiny: pack, kernels, tokenizer, template and state as in production. */
afterEach(async () => {
  expect(admission.live).toBe(0);
  await reset();
});

const turn = (conversation: string, content: string, fields = {}) =>
  chat({ conversation, messages: [say(content)], ...fields });

it("M6: twenty cold requests at once are all served, by one load", async () => {
  expect(weights.value).toBeUndefined();
  const replies = await Promise.all(Array.from({ length: 20 }, () => chat({ messages: [say("hello")] })));
  expect(new Set(replies.map(textOf)).size).toBe(1);
  const loaded = weights.value;
  await chat({ messages: [say("hello")] });
  expect(weights.value).toBe(loaded);
});

it("readyz verifies the weights and gives the same result every time", async () => {
  const ready = async () => (await (await http("/readyz")).json()) as { golden: string; fingerprint: string };
  const [first, second] = [await ready(), await ready()];
  expect(first).toEqual(second);
  expect(first.golden).toMatch(/^[0-9a-f]{64}$/);
  expect(first.fingerprint).toBe(weights.value!.fingerprint);
});

it("M9: readyz compares with what the pack was converted with, and says so when it computes otherwise", async () => {
  const served = weights.value!;
  const { golden } = served.manifest;
  expect((await selfCheck({ ...served }, admission)).golden).toBe(golden!.sha256);
  const { golden: _, ...without } = served.manifest;
  expect((await selfCheck({ ...served, manifest: without }, admission)).status).toBe("ready");
  const earlier = { ...golden!, numerics: NUMERICS + 1, sha256: "0".repeat(64) };
  expect((await selfCheck({ ...served, manifest: { ...without, golden: earlier } }, admission)).status).toBe("ready");
  // A wrong kernel or processor gives other logits than those that are written down.
  let passes = 0;
  const open: typeof served.backend.open = (...given) => {
    passes++;
    return served.backend.open(...given);
  };
  const broken = {
    ...served,
    backend: { ...served.backend, vocab: served.backend.vocab, open } as typeof served.backend,
    manifest: { ...without, golden: { ...golden!, sha256: "0".repeat(64) } },
  };
  const mismatches = () => metrics.goldenMismatches.lines().at(-1);
  const before = mismatches();
  await expect(selfCheck(broken, admission)).rejects.toMatchObject({ code: "weights_invalid" });
  expect(mismatches()).not.toBe(before);
  // Whoever asks again at once costs nothing, and is told the same.
  const done = passes;
  await expect(selfCheck(broken, admission)).rejects.toThrow("other logits here than where the pack was converted");
  expect(passes).toBe(done);
});

it("C8: turn 20 feeds only its own tokens, after eviction with spoiled memory, and answers as if nothing had happened", async () => {
  const texts: string[] = [];
  for (let n = 1; n <= 20; n++) texts.push(textOf(await turn("undisturbed", `message ${n}`)));
  expect(new Set(texts).size).toBeGreaterThan(15);
  for (let n = 1; n <= 20; n++) {
    await runInDurableObject(
      stub("ada") as never,
      ((instance: Conversation) => {
        instance.store = undefined as never;
      }) as never,
    );
    // Whatever the engine's memory holds beside the weights is worth nothing.
    const junk = await weights.value!.backend.open();
    await junk.forward(Uint32Array.of(n, 2, 3), "none");
    await evictDurableObject(stub("ada"));
    const { usage, timings, ...reply } = await turn("ada", `message ${n}`);
    junk.release();
    expect(reply.choices[0]!.message.content).toBe(texts[n - 1]);
    if (n < 20) continue;
    const own =
      weights.value!.prompt.append({ hasSystem: false, closed: false }, [{ role: "user", content: "message 20" }])
        .length + 1;
    expect(timings.prefill_tokens).toBe(own);
    expect(usage.prompt_tokens - usage.prompt_tokens_details.cached_tokens).toBe(own);
    expect(usage.prompt_tokens_details.cached_tokens).toBeGreaterThan(700);
  }
});

it("V1: a state that was damaged is computed again, and the dialogue goes on the same", async () => {
  const texts: string[] = [];
  for (const session of ["whole", "damaged"]) {
    await turn(session, "one");
    await turn(session, "two");
    if (session === "damaged") {
      await runInDurableObject(stub(session), (_, { storage }) => {
        storage.sql.exec("UPDATE pieces SET bytes = zeroblob(length(bytes))").toArray();
      });
      // The damage is found where the state is read; until then it lies in the memory as it was.
      await evictDurableObject(stub(session));
    }
    const third = await turn(session, "three", { max_tokens: 40 });
    expect(third.header).toBe(session === "whole" ? "resumed" : "rebuilt");
    texts.push(textOf(third));
  }
  expect(texts[1]).toBe(texts[0]);
});

it("R2: what is computed again takes its turn at the engine as a prompt does, and its time is told", async () => {
  const { backend } = weights.value!;
  await turn("ada", "one ".repeat(30));
  const resumed = await turn("ada", "two");
  expect(resumed.timings).not.toHaveProperty("rebuild_ms");
  await runInDurableObject(stub("ada"), (_, { storage }) => {
    storage.sql.exec("DELETE FROM pieces").toArray();
  });
  await evictDurableObject(stub("ada"));
  const slices: number[] = [];
  const forwardMany = backend.forwardMany!.bind(backend);
  backend.forwardMany = (steps) => {
    for (const { ids } of steps) slices.push(ids.length);
    return forwardMany(steps);
  };
  try {
    const { timings } = await turn("ada", "three", { max_tokens: 1 });
    expect(timings.rebuilt_tokens).toBe(resumed.usage.total_tokens - 1);
    const inTurn = slices.reduce((all, length) => all + length, 0);
    expect(inTurn).toBe(timings.rebuilt_tokens! + timings.prefill_tokens!);
    expect(timings).toHaveProperty("rebuild_ms", expect.any(Number));
  } finally {
    backend.forwardMany = forwardMany;
  }
});

it("a turn leaves its state rounded, and every way to go on from it is the same", async () => {
  Object.assign(env, { SESSION_KEY: "a secret" });
  await turn("ada", "one");
  const versions = await runInDurableObject(stub("ada"), (_, { storage }) =>
    [...storage.sql.exec("SELECT bytes FROM pieces WHERE part = 0")].map(({ bytes }) =>
      new DataView(bytes as ArrayBuffer).getUint32(4, true),
    ),
  );
  expect(versions).toEqual([2]);
  const file = await http("/v1/conversations/ada/export");
  const imported = await http("/v1/conversations/import?id=copy", {
    headers: { "content-type": "application/vnd.rivulet.conversation" },
    body: await file.arrayBuffer(),
  });
  expect(imported.status, await imported.text()).toBe(200);
  const fork = (await (await http("/v1/conversations/ada/fork", { body: {} })).json()) as { id: string };
  await evictDurableObject(stub("ada"));
  const replies = [];
  for (const conversation of ["ada", fork.id, "copy"]) replies.push(await turn(conversation, "two", { seed: 1 }));
  expect(replies.map(({ timings }) => timings.rebuilt_tokens)).toEqual([0, 0, 0]);
  expect(new Set(replies.map(textOf)).size).toBe(1);
});

it("streams what a whole reply says, with and without a session", async () => {
  const whole = await chat({ messages: [say("stream")], max_tokens: 40 });
  for (const conversation of [undefined, "ada"]) {
    const stream = await events(
      await send({ model: "tiny", messages: [say("stream")], max_tokens: 40, stream: true, conversation }),
    );
    expect(streamText(stream)).toBe(textOf(whole));
  }
});

it("H7: a dialogue that has filled the context is refused before inference, and stays", async () => {
  await turn("ada", "x".repeat(1900), { max_tokens: 100 });
  const response = await send({ model: "tiny", conversation: "ada", messages: [say("y".repeat(100))] });
  expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
    400,
    "context_length_exceeded",
  ]);
  expect((await turn("ada", "short")).header).toBe("resumed");
});

it("C14: 24 at the kernels' signal address makes a turn pause with a checkpoint and go on, to the same text", async () => {
  const whole = textOf(await turn("twin", "one", { max_tokens: 60 }));
  const { backend } = weights.value!;
  const memory = (backend as unknown as { memory: WebAssembly.Memory }).memory;
  const before = countsOf().get("cpu_signal") ?? 0;
  const response = await send({
    model: "tiny",
    messages: [say("one")],
    max_tokens: 60,
    stream: true,
    conversation: "ada",
  });
  new Uint32Array(memory.buffer)[16 / 4] = 24;
  const stream = await events(response);
  expect(streamText(stream)).toBe(whole);
  expect((countsOf().get("cpu_signal") ?? 0) - before).toBe(1);
  expect(new Uint32Array(memory.buffer)[16 / 4]).toBe(0);
});
