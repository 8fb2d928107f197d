import { expect, it, vi } from "vitest";
import type { Engine } from "../../../src/backends/wasm/engine.ts";
import { decodeApart, decodeState, encodeState, type NewStretch } from "../../../src/state/codec.ts";
import { readGolden } from "../../support/golden.ts";
import { encodeSequenceInParts } from "../../support/state-parts.ts";
import { describeBackend } from "../backend.suite.ts";
import { feed, toBytes } from "../feed.ts";
import { onnxCases } from "../onnx-cases.ts";
import { load } from "../packs.ts";

describeBackend({
  name: "WebAssembly",
  cases: Object.keys(onnxCases),
  load: (golden, options) => load(`golden/${golden}`, options),
  cannot: {
    "refuses tokens beyond the context, the state stays":
      "it computes on past the length that the checkpoint was made for; the turn refuses before",
  },
});

it.each([true, false])(
  "A4: of a conversation that is over nothing is left in the engine's memory (wipe: %s)",
  async (kept) => {
    const golden = "bamba-groups4";
    const engine = (await load(`golden/${golden}`)).backend as Engine;
    // Control: memory is taken back as it is.
    if (!kept) vi.spyOn(engine.heap, "give").mockImplementation(() => {});
    const sequence = engine.open();
    const left = () => new Uint8Array(engine.memory.buffer, engine.plan.end).some((byte) => byte !== 0);
    // One by one, so that its caches move to larger places on the way.
    await feed(sequence, readGolden(golden).tokens, 1);
    expect(left()).toBe(true);
    sequence.release();
    expect(left()).toBe(!kept);
  },
);

it("a state that is rounded in memory is the one that is read from its rounded bytes, and goes on the same", async () => {
  const { backend, fingerprint } = await load("golden/bamba-groups4");
  const sequence = await backend.open();
  const { tokens } = readGolden("bamba-groups4");
  await feed(sequence, tokens.subarray(0, 6), 4);
  const exact = await toBytes(sequence, fingerprint);
  // Rounded by the codec, and in memory while it is saved.
  const byCodec = encodeState({ ...decodeState(exact, fingerprint), tensors: await sequence.save() }, "rounded");
  const bytes = await toBytes(sequence, fingerprint, "rounded");
  expect(decodeState(bytes, fingerprint)).toEqual(decodeState(byCodec, fingerprint));
  const inMemory = await toBytes(sequence, fingerprint);
  expect(inMemory).not.toEqual(exact);
  sequence.round!();
  expect(await toBytes(sequence, fingerprint)).toEqual(inMemory);
  expect(await toBytes(sequence, fingerprint, "rounded")).toEqual(bytes);
  const read = await backend.open(decodeState(bytes, fingerprint));
  // Straight after it was saved, while its halves lie in their place.
  const next = await feed(sequence, tokens.subarray(6), 3);
  expect(await feed(read, tokens.subarray(6), 3)).toEqual(next);
});

it("what is saved as halves are views of the engine's memory, and no copies", async () => {
  const { backend } = await load("golden/bamba-groups4");
  const engine = backend as Engine;
  const sequence = engine.open();
  await feed(sequence, readGolden("bamba-groups4").tokens, 4);
  const halves = sequence.save("rounded").filter(({ stored }) => stored === "f16");
  expect(halves.length).toBeGreaterThan(0);
  expect(halves.filter(({ data }) => data.buffer !== engine.memory.buffer)).toEqual([]);
});

/** The small hybrid after `tokens` but the last ones, with its caches in stretches of a few positions. */
async function inParts() {
  const { backend, fingerprint } = await load("golden/bamba-groups4");
  const engine = backend as Engine;
  const { tokens } = readGolden("bamba-groups4");
  const sequence = engine.open();
  const sampler = { generator: [1, 2, 3, 4], recent: [], reply: [] };
  await feed(sequence, tokens.subarray(0, 6), 3);
  const rest = { fingerprint, pending: [], sampler };
  const { bytes, stretches } = await encodeSequenceInParts<NewStretch>(sequence, rest, "exact", [], 1);
  const reader = { count: stretches.length, read: (n: number) => stretches[n]!.data.slice() };
  return { engine, sequence, bytes, reader, fingerprint, tokens };
}

it("a state whose caches lie apart goes on as the one that it was written from", async () => {
  const { engine, sequence, bytes, reader, fingerprint, tokens } = await inParts();
  expect(reader.count).toBeGreaterThan(1);
  const read = engine.open(decodeApart(bytes, fingerprint, reader));
  expect(await toBytes(read, fingerprint)).toEqual(await toBytes(sequence, fingerprint));
  expect(await feed(read, tokens.subarray(6), 3)).toEqual(await feed(sequence, tokens.subarray(6), 3));
});

it("of a state whose caches turn out to be damaged nothing is left in the engine's memory", async () => {
  const { engine, sequence, bytes, reader, fingerprint } = await inParts();
  sequence.release();
  const damaged = (n: number) => reader.read(n).map((byte) => (n === reader.count - 1 ? byte ^ 1 : byte));
  expect(() => engine.open(decodeApart(bytes, fingerprint, { ...reader, read: damaged }))).toThrow(/checksum differs/);
  expect(engine.sequences).toBe(0);
  expect(new Uint8Array(engine.memory.buffer, engine.plan.end).some((byte) => byte !== 0)).toBe(false);
});
