/**
 * A sequence that gave its state rounded goes on as one that is opened with what was written: the same
 * logits, and the same bytes to write.
 */
import { expect, it } from "vitest";
import type { Sequence } from "../../../src/backends/backend.ts";
import { loadModel } from "../../../src/backends/load-model.ts";
import type { Engine } from "../../../src/backends/wasm/engine.ts";
import { compiledKernels } from "../../../src/cli/kernels.ts";
import { decodeApart, encodeState, type NewStretch, stateTag } from "../../../src/state/codec.ts";
import { folderSource } from "../../../src/weights/folder-source.ts";
import { withPack } from "../../support/golden.ts";
import { encodeSequenceInParts, type WholeParts } from "../../support/state-parts.ts";
import { feed } from "../feed.ts";

const CHECKPOINT = "bamba-groups4";
const cache = { policy: "window", sinks: 3, window: 20, dtype: "int8" } as const;
const V = 96;
const sampler = { generator: [1, 2, 3, 4], recent: [], reply: [] };
const loaded = <Made>(use: (engine: Engine, fingerprint: string) => Promise<Made>, maxBytes = 2 ** 30) =>
  withPack(CHECKPOINT, { dtype: "f32", cache }, async (folder) => {
    const { backend, fingerprint } = await loadModel(folderSource(folder), compiledKernels(), { maxBytes });
    return use(backend as Engine, fingerprint);
  });

it("over turns that fill the caches, go round, guess and gather their stretches anew", () =>
  loaded(async (engine, fingerprint) => {
    const warm: Sequence = engine.open();
    let written: WholeParts<NewStretch> = { bytes: new Uint8Array(0), stretches: [] };
    const tags = new Set<string>();
    for (let turn = 0; turn < 60; turn++) {
      const known = written.stretches.map((each) => ({ ...each }));
      const reader = { count: known.length, read: (n: number) => known[n]!.data.slice() };
      const cold = turn === 0 ? engine.open() : engine.open(decodeApart(written.bytes.slice(), fingerprint, reader));
      const ids = Uint32Array.from({ length: 1 + (turn % 5) }, (_, i) => (turn * 31 + i * 7) % V);
      const parts: WholeParts<NewStretch>[] = [];
      const logits: Float32Array[] = [];
      for (const sequence of [warm, cold]) {
        if (turn % 7 === 3) sequence.guess!(Uint32Array.of(1, 2, 3));
        if (turn % 14 === 3) sequence.accept!();
        logits.push(await feed(sequence, ids, 2));
        const rest = { fingerprint, pending: [], sampler };
        parts.push(await encodeSequenceInParts<NewStretch>(sequence, rest, "rounded", known, 1));
      }
      cold.release();
      expect(logits[0], `turn ${turn}`).toEqual(logits[1]);
      expect(parts[0], `turn ${turn}`).toEqual(parts[1]);
      expect(logits[0]!.some(Number.isNaN)).toBe(false);
      written = parts[0]!;
      tags.add(stateTag(written.bytes));
      expect(stateTag(parts[1]!.bytes)).toBe(stateTag(written.bytes));
    }
    expect(warm.position).toBeGreaterThan(cache.sinks + cache.window + 64 + 20);
    expect(tags.size).toBe(60);
  }));

it("states that differ in one position of one cache have two tags, written whole or in parts", () =>
  loaded(async (engine, fingerprint) => {
    const of = async (last: number, mostBytes: number) => {
      const sequence = engine.open();
      await feed(sequence, Uint32Array.of(1, 2, 3, 4, 5, last), 3);
      const rest = { fingerprint, pending: [], sampler };
      const { bytes, stretches } = await encodeSequenceInParts(sequence, rest, "rounded", [], mostBytes);
      expect(stretches.length > 0).toBe(mostBytes === 1);
      const saved = sequence.save().map((tensor) => ({ ...tensor, data: tensor.data.slice() }));
      const tensors = saved.map((tensor) =>
        tensor.name.endsWith("keys") ? tensor : { ...tensor, data: tensor.data.fill(0) },
      );
      sequence.release();
      return [stateTag(bytes), stateTag(encodeState({ ...rest, position: 6, tensors }))];
    };
    const [a, b] = [await of(3, 1), await of(7, 1)];
    const [c, d] = [await of(3, 1e9), await of(7, 1e9)];
    expect(new Set([...a, ...b]).size).toBe(4);
    expect(new Set([c[0], d[0], a[0]]).size).toBe(3);
    expect(await of(3, 1)).toEqual(a);
  }));

it("a full memory releases what nobody needs before it refuses", () =>
  loaded(async (free) => {
    const maxBytes = free.memory.buffer.byteLength + 4 * 65_536;
    const held: Sequence[] = [];
    await loaded(async (engine) => {
      const fill = () => {
        for (;;) held.push(engine.open());
      };
      const refused = expect.objectContaining({ code: "memory_exceeded" });
      expect(fill).toThrow(refused);
      const idle = held.slice(0, 3);
      expect(idle.length).toBe(3);
      engine.whenFull(() => {
        const next = idle.shift();
        next?.release();
        return next !== undefined;
      });
      for (const left of [2, 1, 0]) {
        engine.open();
        expect(idle.length).toBe(left);
      }
      expect(() => engine.open()).toThrow(refused);
    }, maxBytes);
  }));
