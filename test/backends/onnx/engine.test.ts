/** What goes wrong between the engine and onnxruntime, with a session that does as it is told. */
import type { InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { Tensor as OrtTensor } from "onnxruntime-web/wasm";
import { expect, it } from "vitest";
import { OnnxEngine } from "../../../src/backends/onnx/engine.ts";
import { feedsOf } from "../../../src/backends/onnx/feeds.ts";
import { openOnnx } from "../../../src/backends/onnx/index.ts";
import { openProvided, provideOnnx } from "../../../src/backends/onnx/provider.ts";
import { readGolden } from "../../support/golden.ts";
import { failure } from "../backend.suite.ts";
import { load } from "../packs.ts";

type Outputs = Record<string, Tensor>;
type Run = (feeds: Outputs) => Promise<Outputs>;

const floats = (dims: number[], value = 0): Tensor =>
  new OrtTensor("float32", new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(value), dims);
const decoder = {
  graph: "model.onnx",
  inputs: ["input_ids" as const],
  vocab: 3,
  state: [{ past: "past_key_values.0.key", present: "present.0.key", shape: [1, 1, 0, 2], grows: 2 }],
};
const engine = (run: Run) =>
  new OnnxEngine({
    session: { run } as unknown as InferenceSession,
    decoder,
    ort: { heapBytes: 0 },
    contextLength: 100,
    sliceTokens: 8,
    maxBytes: 1e6,
  });
const good: Run = async ({ input_ids, ...past }) => {
  const T = input_ids!.dims[1]!;
  const S = past["past_key_values.0.key"]!.dims[2]!;
  const logits = new OrtTensor(
    "float32",
    Float32Array.from({ length: T * 3 }, (_, i) => i),
    [1, T, 3],
  );
  return { logits, "present.0.key": floats([1, 1, S + T, 2], 1) };
};

it.each([
  ["std::bad_alloc", "memory_exceeded"],
  ["RangeError: WebAssembly.Memory.grow(): out of memory", "memory_exceeded"],
  ["ERROR_CODE: 2, ERROR_MESSAGE: Invalid rank", "bug"],
])("%s during a call is %s, the state stays", async (message, code) => {
  let broken = false;
  const sequence = engine((feeds) => (broken ? Promise.reject(new Error(message)) : good(feeds))).open();
  await sequence.forward(Uint32Array.of(1, 2), "last");
  const before = sequence.save();
  broken = true;
  expect((await failure(() => sequence.forward(Uint32Array.of(1), "last"))).code).toBe(code);
  broken = false;
  expect([sequence.position, sequence.save()]).toEqual([2, before]);
  await sequence.forward(Uint32Array.of(1), "last");
  expect(sequence.position).toBe(3);
});

const int32 = new OrtTensor("int32", new Int32Array(4), [1, 1, 2, 2]);
const wrong: [what: string, change: Outputs, named: string][] = [
  ["no logits", { logits: undefined as never }, "output logits: expected float32 [1,2,3], got nothing"],
  ["other logits", { logits: floats([1, 2, 4]) }, "output logits: expected float32 [1,2,3]"],
  ["a cache that does not grow", { "present.0.key": floats([1, 1, 1, 2]) }, "output present.0.key"],
  ["a state of another type", { "present.0.key": int32 }, "expected float32 [1,1,2,2], got int32"],
];
it.each(wrong)("a graph that gives %s is refused, the state stays", async (_, change, named) => {
  const sequence = engine(async (feeds) => ({ ...(await good(feeds)), ...change })).open();
  const { code, message } = await failure(() => sequence.forward(Uint32Array.of(1, 2), "all"));
  expect([code, message]).toEqual(["weights_invalid", expect.stringContaining(named)]);
  expect(sequence.position).toBe(0);
});

it("never lets two calls overlap, and goes on after one that failed", async () => {
  let running = 0;
  let calls = 0;
  const slow = engine(async (feeds) => {
    expect(++running).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
    if (++calls === 3) throw new Error("once");
    return good(feeds);
  });
  const results = await Promise.allSettled(
    Array.from({ length: 8 }, () => slow.open().forward(Uint32Array.of(1), "last")),
  );
  expect(results.map(({ status }) => status).filter((status) => status === "rejected").length).toBe(1);
});

it("keeps nothing of a call during which the sequence was released", async () => {
  const backend = engine(good);
  const sequence = await backend.open();
  const pending = sequence.forward(Uint32Array.of(1, 2), "last");
  sequence.release();
  await Promise.allSettled([pending]);
  expect([sequence.bytes, backend.memoryBytes]).toEqual([0, 0]);
});

it("gives the last row of a graph that computes all", async () => {
  expect([...(await engine(good).open().forward(Uint32Array.of(1, 2), "last"))]).toEqual([3, 4, 5]);
});

it("counts what it holds", async () => {
  const backend = engine(good);
  const sequence = await backend.open();
  await sequence.forward(Uint32Array.of(1, 2, 0), "none");
  expect([sequence.bytes, backend.memoryBytes, backend.stateBytes(3)]).toEqual([24, 24, 24]);
  sequence.release();
  expect([sequence.bytes, backend.memoryBytes]).toEqual([0, 0]);
});

it("wipes the state when it is released", async () => {
  let state: Tensor | undefined;
  const sequence = engine(async (feeds) => {
    const outputs = await good(feeds);
    state = outputs["present.0.key"];
    return outputs;
  }).open();
  await sequence.forward(Uint32Array.of(1), "none");
  expect([...(state!.data as Float32Array)]).toEqual([1, 1]);
  sequence.release();
  expect([...(state!.data as Float32Array)]).toEqual([0, 0]);
});

it("feeds every input as Transformers.js does", () => {
  const all = ["input_ids", "attention_mask", "position_ids", "num_logits_to_keep"] as const;
  const shown = (every: boolean) =>
    Object.entries(feedsOf(all, Uint32Array.of(7, 8), 3, every)).map(([name, tensor]) => {
      const values = [...(tensor.data as BigInt64Array)].map(Number);
      return [name, tensor.type, [...tensor.dims], values];
    });
  expect(shown(true)).toEqual([
    ["input_ids", "int64", [1, 2], [7, 8]],
    ["attention_mask", "int64", [1, 5], [1, 1, 1, 1, 1]],
    ["position_ids", "int64", [1, 2], [3, 4]],
    ["num_logits_to_keep", "int64", [], [0]],
  ]);
  expect(shown(false).at(-1)).toEqual(["num_logits_to_keep", "int64", [], [1]]);
});

it("computes without giving way: no other event comes between a call and its result", async () => {
  // The engine relies on it: an object that vanishes in the middle of a call would hold up all others.
  const { tokens } = readGolden("bamba-groups4");
  const { backend } = await load("golden-onnx/bamba-groups4");
  let other = false;
  setImmediate(() => {
    other = true;
  });
  await (await backend.open()).forward(tokens.subarray(0, 8), "last");
  expect(other).toBe(false);
  await new Promise((resolve) => setImmediate(resolve));
  expect(other).toBe(true);
});

it.each([
  ["std::bad_alloc", "memory_exceeded"],
  ["ERROR_MESSAGE: no such operator", "weights_invalid"],
])("%s while it loads is %s", async (message, code) => {
  const { manifest } = await load("golden-onnx/bamba-no-attention");
  const ort = { heapBytes: 0, session: () => Promise.reject(new Error(message)) };
  expect((await failure(() => openOnnx(manifest, new ArrayBuffer(1_000_000), ort))).code).toBe(code);
});

it.each([1000, 1_000_000])("does not load where only %i bytes are allowed", async (maxBytes) => {
  const { code, message } = await failure(() => load("golden-onnx/bamba-no-attention", { maxBytes }));
  expect([code, message]).toEqual(["memory_exceeded", expect.stringContaining(String(maxBytes))]);
});

it("takes the provider that the program names", async () => {
  const calls: unknown[] = [];
  provideOnnx(async (...parts) => {
    calls.push(parts);
    return "backend" as never;
  });
  expect(await openProvided("manifest" as never, new ArrayBuffer(0), { sliceTokens: 4 })).toBe("backend");
  expect(calls).toEqual([["manifest", new ArrayBuffer(0), { sliceTokens: 4 }]]);
});
