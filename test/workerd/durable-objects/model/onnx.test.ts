import { evictDurableObject, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, it } from "vitest";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { weights } from "../../../../durable-objects/model/served-model.ts";
import { type Loaded, loadModel } from "../../../../src/backends/load-model.ts";
import { openOnnx, startOrt } from "../../../../src/backends/onnx/index.ts";
import { provideOnnx } from "../../../../src/backends/onnx/provider.ts";
import { decodeState } from "../../../../src/state/codec.ts";
import { fetchSource } from "../../../../src/weights/fetch-source.ts";
import kernels from "../../../../wasm/build/kernels.wasm";
import { deviation, feed, toBytes } from "../../../backends/feed.ts";
import { chat, http, say, send, textOf } from "../../../support/chat-client.ts";
import { expectClose } from "../../../support/expect-close.ts";
import { inside, stub } from "../../../support/object.ts";
import { toyServed } from "../../../support/toy-served.ts";

interface Bindings {
  ORT_WASM: ArrayBuffer;
  /** The plugin's own, for code that workerd would not compile at run time. */
  __VITEST_POOL_WORKERS_UNSAFE_EVAL: { newWasmModule(bytes: ArrayBuffer): WebAssembly.Module };
}

const [START, END] = [94, 95];
const encode = (text: string) => Array.from(new TextEncoder().encode(text), (byte) => byte % START);
const load = () => loadModel(fetchSource(env.ASSETS, "http://assets/onnx/"), kernels);
let golden: { tokens: Uint32Array; logits: Float32Array; V: number };
let model: Loaded;

beforeAll(async () => {
  const { ORT_WASM, __VITEST_POOL_WORKERS_UNSAFE_EVAL: unsafe } = env as unknown as Bindings;
  const module = unsafe.newWasmModule(ORT_WASM);
  provideOnnx(async (manifest, payload, options) => openOnnx(manifest, payload, await startOrt(module), options));
  const json = (await (await env.ASSETS.fetch("http://assets/onnx-golden.json")).json()) as {
    tokens: number[];
    logits: number[];
    V: number;
  };
  golden = { tokens: Uint32Array.from(json.tokens), logits: Float32Array.from(json.logits), V: json.V };
  model = await load();
  await weights.get(async () => served());
});
afterEach(async () => {
  expect(admission.live, "memory slots left").toBe(0);
  await reset();
});

/** The toy's dialogue on the graph's vocabulary. */
function served() {
  const toy = toyServed();
  const detokenizer = () => ({ push: (id: number) => String.fromCharCode(33 + id), flush: () => "" });
  const message = ({ role, content }: { role: string; content: string }) => [START, ...encode(role + content), END];
  const answer = [START, ...encode("assistant")];
  const prompt: typeof toy.prompt = {
    ...toy.prompt,
    start: (messages) => [...messages.flatMap(message), ...answer],
    append: ({ closed }, messages) => [...(closed ? [] : [END]), ...messages.flatMap(message), ...answer],
  };
  const manifest = { ...model.manifest, name: "toy", generation: { eos: [END] } };
  const codec = { ...toy.codec, vocab: golden.V, encodeText: encode, detokenizer };
  return { ...model, manifest, codec, prompt, prelude: toy.prelude };
}

it("matches transformers inside the runtime, whole and split through bytes", async () => {
  const { tokens, logits, V } = golden;
  const abs = 1e-3 * deviation(logits);
  const { backend, fingerprint } = model;
  expectClose(await feed(await backend.open(), tokens, backend.sliceTokens), logits, { abs });
  for (const at of [1, 33, tokens.length - 1]) {
    const sequence = await backend.open();
    await feed(sequence, tokens.subarray(0, at), backend.sliceTokens);
    const again = await (await load()).backend.open(decodeState(await toBytes(sequence, fingerprint), fingerprint));
    expectClose(await feed(again, tokens.subarray(at), 7), logits.subarray(at * V), { abs }, `from ${at}`);
  }
});

it("an object keeps the graph's tensors between turns, through eviction", async () => {
  const contents = ["one", "two", "three"];
  const turn = (conversation: string, content: string) =>
    chat({ conversation, messages: [say(content)], max_tokens: 20 });
  const expected: string[] = [];
  for (const content of contents) expected.push(textOf(await turn("undisturbed", content)));
  expect(new Set(expected).size).toBe(3);
  for (const [n, content] of contents.entries()) {
    const object = stub("ada");
    if (n > 0) await evictDurableObject(object as never);
    const reply = await turn("ada", content);
    expect([textOf(reply), reply.header]).toEqual([expected[n], n === 0 ? "new" : "resumed"]);
    expect(reply.timings.prefill_tokens).toBeLessThan(30);
  }
  // Keeps the above honest: the last message alone is answered otherwise.
  expect(textOf(await turn("other", "three"))).not.toBe(expected[2]);
});

it("an object forks from an earlier turn with the graph's tensors as they were then", async () => {
  const turn = (conversation: string, content: string) =>
    chat({ conversation, messages: [say(content)], max_tokens: 20 });
  const [, two, three] = [await turn("plain", "one"), await turn("plain", "two"), await turn("plain", "three")];
  const first = await turn("forked", "one");
  await turn("forked", "else");
  const fork = await http("/v1/conversations/forked/fork", { body: { turn: first.rivulet.turn } });
  const { id } = (await fork.json()) as { id: string };
  for (const [content, expected, header] of [
    ["two", two, "forked"],
    ["three", three, "resumed"],
  ] as const) {
    const reply = await turn(id, content);
    expect([textOf(reply), reply.header, reply.timings.rebuilt_tokens]).toEqual([textOf(expected), header, 0]);
  }
});

it("an object's file takes the graph's tensors along: the copy resumes from them", async () => {
  Object.assign(env, { SESSION_KEY: "a secret" });
  const turn = (conversation: string, content: string) =>
    chat({ conversation, messages: [say(content)], max_tokens: 20 });
  await turn("exported", "one");
  await turn("exported", "two");
  const file = await http("/v1/conversations/exported/export");
  const imported = await http("/v1/conversations/import?id=copy", {
    headers: { "content-type": "application/vnd.rivulet.conversation" },
    body: await file.arrayBuffer(),
  });
  expect(imported.status, await imported.text()).toBe(200);
  const [original, copy] = [await turn("exported", "three"), await turn("copy", "three")];
  expect([textOf(copy), copy.header, copy.timings.rebuilt_tokens]).toEqual([textOf(original), "resumed", 0]);
});

it("an object refuses to go on with a session of the other backend", async () => {
  await chat({ conversation: "ada", messages: [say("one")], max_tokens: 8 });
  // As the WebAssembly backend would have left it: the fingerprint of the same weights in its own pack.
  const wasm = await loadModel(fetchSource(env.ASSETS, "http://assets/bamba-groups4-1/"), kernels);
  expect(wasm.fingerprint).not.toBe(model.fingerprint);
  await inside("ada", ({ store }) => store.database.exec("UPDATE family SET fingerprint = ?", wasm.fingerprint));
  const response = await send({ model: "tiny", conversation: "ada", messages: [say("two")] });
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  expect([response.status, error.code]).toEqual([409, "model_changed"]);
  expect(error.message).toContain("it belongs to the model");
});
