/**
 * A guess that is taken back has never been: logits and saved states are those of tokens fed one by one, byte by byte.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import type { Backend, Sequence } from "../../../src/backends/backend.ts";
import { loadModel } from "../../../src/backends/load-model.ts";
import { Cache } from "../../../src/backends/wasm/cache.ts";
import type { Engine } from "../../../src/backends/wasm/engine.ts";
import { Guesses } from "../../../src/backends/wasm/guesses.ts";
import { compiledKernels } from "../../../src/cli/kernels.ts";
import { convert } from "../../../src/convert/convert.ts";
import { openCheckpoint } from "../../../src/convert/open-checkpoint.ts";
import { folderSource } from "../../../src/weights/folder-source.ts";
import { load } from "../packs.ts";

const folder = mkdtempSync(join(tmpdir(), "rivulet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => void vi.restoreAllMocks());

/**
 * Its ring has 16 + 64 slots, so at 90 tokens it has gone round; those of layers 0 and 2,
 * where they are, at 78 and 118.
 */
async function windowed(golden: string, windows?: Record<string, number>): Promise<Backend> {
  const source = await openCheckpoint(join(import.meta.dirname, "../../golden", golden));
  const target = mkdtempSync(join(folder, golden));
  const cache = { policy: "window", window: 16, sinks: 2, dtype: "int8", ...(windows ? { windows } : {}) } as const;
  await convert(source, target, { dtype: "q8", cache });
  await source.close();
  return (await loadModel(folderSource(target), compiledKernels())).backend;
}

const plain = (golden: string) => async () => (await load(`golden/${golden}`)).backend;
const cases = [
  ["bamba", plain("bamba-groups2"), 20],
  ["llama", plain("llama-plain"), 20],
  ["falcon_h1", plain("falcon_h1-plain"), 20],
  ["lfm2", plain("lfm2-plain"), 20],
  ["nemotron_h with experts", plain("nemotron_h-experts"), 20],
  ["zamba2", plain("zamba2-plain"), 20],
  ["bamba, a window that wraps", () => windowed("bamba-groups2"), 90],
  ["llama, a window that wraps", () => windowed("llama-plain"), 90],
  ["llama, windows of three sizes that wrap", () => windowed("llama-plain", { "0": 4, "2": 44 }), 130],
  ["bamba, windows of two sizes that wrap", () => windowed("bamba-long", { "2": 44 }), 130],
] as const;

const idsFrom = (backend: Backend, at: number, n: number) =>
  Uint32Array.from({ length: n }, (_, i) => ((at + i) * 7919 + 13) % backend.vocab);
const bytes = async (sequence: Sequence) =>
  (await sequence.save()).map(({ data }) => Buffer.from(data).toString("hex"));

async function read(backend: Backend, tokens: number): Promise<Sequence> {
  const sequence = await backend.open();
  for (let at = 0; at < tokens; at += 10) await sequence.forward(idsFrom(backend, at, 10), "none");
  return sequence;
}

/** Guesses four ids of which `right` come true, then is saved; beside it one that feeds these one by one. */
async function both(backend: Backend, depth: number, right: number) {
  const [guessing, one] = [await read(backend, depth), await read(backend, depth)];
  const ids = idsFrom(backend, depth, 5);
  const logits = guessing.guess!(ids)!;
  for (let i = 0; i <= right; i++) {
    if (i > 0) expect(guessing.accept!()).toBe(true);
    const row = logits.subarray(i * backend.vocab, (i + 1) * backend.vocab);
    expect(row).toEqual(await one.forward(ids.subarray(i, i + 1), "last"));
    expect(guessing.position).toBe(one.position);
  }
  return { guessing, one };
}

describe.each(cases)("%s", (_, open, depth) => {
  it("is as if only the right ids had been fed, however many they are", async () => {
    const backend = await open();
    for (let right = 0; right <= 4; right++) {
      const { guessing, one } = await both(backend, depth, right);
      expect(await bytes(guessing), `${right} right`).toEqual(await bytes(one));
      expect(guessing.accept!(), "after a save").toBe(false);
      guessing.release();
      one.release();
    }
  });

  it("follows wrong guesses with guesses, and is saved after each number of them", async () => {
    const backend = await open();
    const rights = [1, 0, 2, 3, 0, 0, 1, 1, 1];
    for (let guesses = 1; guesses <= rights.length; guesses++) {
      const [guessing, one] = [await read(backend, depth), await read(backend, depth)];
      for (const [i, right] of rights.slice(0, guesses).entries()) {
        const ids = idsFrom(backend, 10 * i, 4);
        const guessed = guessing.guess!(ids);
        const logits = guessed ?? (await guessing.forward(ids.subarray(0, 1), "last"));
        for (let row = 0; row <= (guessed ? right : 0); row++) {
          if (row > 0) expect(guessing.accept!()).toBe(true);
          const expected = await one.forward(ids.subarray(row, row + 1), "last");
          expect(logits.subarray(row * backend.vocab, (row + 1) * backend.vocab)).toEqual(expected);
        }
        expect(() => guessing.forward(Uint32Array.of(backend.vocab), "last")).toThrow("outside the vocabulary");
      }
      expect(await bytes(guessing), `${guesses} guesses`).toEqual(await bytes(one));
      guessing.release();
      one.release();
    }
  });

  it("goes on after a wrong guess, alone, in a shared step and in the next guess", async () => {
    const backend = await open();
    const { guessing, one } = await both(backend, depth, 2);
    const next = idsFrom(backend, 500, 9);
    expect(await guessing.forward(next.subarray(0, 3), "all")).toEqual(await one.forward(next.subarray(0, 3), "all"));
    guessing.guess!(next.subarray(3, 6));
    await one.forward(next.subarray(3, 4), "none");
    const [shared] = backend.forwardMany!([{ sequence: guessing, ids: next.subarray(6, 7), want: "last" }]);
    expect(shared).toEqual(await one.forward(next.subarray(6, 7), "last"));
    guessing.guess!(next.subarray(3, 6));
    const other = await read(backend, 10);
    other.guess!(next.subarray(0, 4)); // settles the first
    await one.forward(next.subarray(3, 4), "none");
    expect(other.accept!()).toBe(true);
    expect(await bytes(guessing)).toEqual(await bytes(one));
    expect(other.accept!(), "after a save of another").toBe(false);
    other.release();
    expect(await bytes(guessing)).toEqual(await bytes(one));
  });
});

it("holds a copy of the fixed state only while a guess is open, and none while another state is loaded or saved", async () => {
  const { backend } = await load("golden/bamba-groups2");
  const { guesses, memory } = backend as Engine;
  const copied = ({ at, bytes }: { at: number; bytes: number }) =>
    new Uint8Array(memory.buffer, at, bytes).some((byte) => byte !== 0);
  const other = await read(backend, 10);
  const after = async (ends: (guessing: Sequence) => unknown) => {
    const guessing = await read(backend, 20);
    guessing.guess!(idsFrom(backend, 20, 5));
    const { fixed } = guesses.open!;
    expect(copied(fixed)).toBe(true);
    await ends(guessing);
    expect([guesses.open, copied(fixed)]).toEqual([undefined, false]);
    guessing.release();
  };
  await after((guessing) => guessing.forward(idsFrom(backend, 50, 1), "none"));
  await after((guessing) => guessing.save());
  await after((guessing) => guessing.release());
  await after(() => other.save());
  await after(async () => (await backend.open()).release());
});

it("is not made where its copy would make the memory larger than it may be, and is where another conversation has ended", async () => {
  const { backend } = await load("golden/bamba-groups2");
  const guessing = await read(backend, 20);
  const ids = idsFrom(backend, 20, 5);
  const others = [await backend.open()];
  backend.boundGuesses!(backend.memoryBytes);
  let held: string[] = [];
  const fill = async () => {
    for (let n = 0; n < 100; n++) {
      held = await bytes(guessing);
      guessing.guess!(ids);
      others.push(await backend.open()); // settles the guess
    }
  };
  await expect(fill()).rejects.toMatchObject({ code: "memory_exceeded" });
  expect(await bytes(guessing)).toEqual(held);
  others.pop()!.release();
  expect(guessing.guess!(ids)).toBeDefined();
});

it("differs where the fixed state is not put back", async () => {
  vi.spyOn(Guesses.prototype, "putBack").mockImplementation(() => {});
  const { guessing, one } = await both(await plain("bamba-groups2")(), 20, 1);
  expect(await bytes(guessing)).not.toEqual(await bytes(one));
});

it("differs where slots are not put back and the ring has gone round", async () => {
  const backend = await windowed("llama-plain");
  const slot = Cache.prototype.slot;
  vi.spyOn(Cache.prototype, "slot").mockImplementation(function (this: Cache, position) {
    return slot.call(this, position).map((bytes) => bytes.slice());
  });
  const { guessing, one } = await both(backend, 90, 1);
  expect(await bytes(guessing)).not.toEqual(await bytes(one));
});
