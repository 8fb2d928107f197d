import { expect, it } from "vitest";
import type { Engine } from "../../../src/backends/wasm/engine.ts";
import { load } from "../packs.ts";

const open = async () => (await load("golden/bamba-groups4")).backend as Engine;
const step = (engine: Engine, ids: number[]) =>
  engine.forwardMany(ids.map((id) => ({ sequence: engine.open(), ids: Uint32Array.of(id), want: "last" as const })));

it("writes the next logits over those that were given back, all of them", async () => {
  const [engine, other] = [await open(), await open()];
  const [first] = step(engine, [1]);
  const [expected] = step(other, [2]);
  engine.recycle(first!.fill(Number.NaN));
  const [second] = step(engine, [2]);
  expect(second).toBe(first);
  expect(second).toEqual(expected);
});

it("gives an array to one row only, however often it came back, and takes no part of a larger one", async () => {
  const engine = await open();
  const [one, other] = step(engine, [1, 2]);
  for (const logits of [one!, one!, one!]) engine.recycle(logits);
  const again = step(engine, [3, 4, 5]);
  expect(new Set([...again, other]).size).toBe(4);
  const { vocab } = engine;
  engine.recycle(new Float32Array(2 * vocab).subarray(0, vocab));
  engine.recycle(new Float32Array(vocab + 1));
  const [next] = step(engine, [6]);
  expect(next!.buffer.byteLength).toBe(4 * vocab);
});
