/**
 * Windows of single layers, against the definition at every position past them: whole, in pieces, through
 * bytes, after guesses, in stages.
 */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Backend, Sequence } from "../../src/backends/backend.ts";
import { type Loaded, loadModel } from "../../src/backends/load-model.ts";
import { cacheLayout } from "../../src/backends/wasm/cache-layout.ts";
import { EngineMemory, WEIGHTS_AT } from "../../src/backends/wasm/index.ts";
import { compiledKernels } from "../../src/cli/kernels.ts";
import { derived, type Model } from "../../src/models/architecture.ts";
import { modelFrom } from "../../src/models/index.ts";
import { decodeState } from "../../src/state/codec.ts";
import { folderSource } from "../../src/weights/folder-source.ts";
import { loadShards, readManifest } from "../../src/weights/load-pack.ts";
import type { CachePolicy } from "../../src/weights/manifest.ts";
import { deviation, feed, toBytes } from "../backends/feed.ts";
import { expectClose } from "../support/expect-close.ts";
import { withPack } from "../support/golden.ts";
import { logitsOf, readLlama } from "./windowed-llama.ts";

const CHECKPOINT = "llama-grouped-tied";
const kernels = compiledKernels();
const llama = readLlama(join(import.meta.dirname, "../golden", CHECKPOINT));
const cache: CachePolicy = { policy: "window", sinks: 3, window: 8, windows: { "0": 5, "2": 70 }, dtype: "f32" };
/** All three rings, whose slack is 64 slots, have gone round. */
const T = 190;
const tokens = Uint32Array.from({ length: T }, (_, i) => (i * 7919 + 13) % 101);
const definition = (policy: CachePolicy, own?: (layer: number) => number | undefined) =>
  logitsOf(llama, tokens, (layer) => {
    const window = own?.(layer);
    return cacheLayout(policy, { layer, ...(window === undefined ? {} : { window }) });
  });

const expected = definition(cache);
const TOLERANCE = { abs: 1e-4 * deviation(Float32Array.from(expected)) };
const V = expected.length / T;
const rest = (at: number, to = T) => expected.subarray(at * V, to * V);

const windowed = <Made>(use: (loaded: Loaded) => Promise<Made>, policy = cache) =>
  withPack(CHECKPOINT, { dtype: "f32", cache: policy }, async (folder) =>
    use(await loadModel(folderSource(folder), kernels)),
  );

async function fedTo(backend: Backend, at: number): Promise<Sequence> {
  const sequence = await backend.open();
  await feed(sequence, tokens.subarray(0, at), backend.sliceTokens);
  return sequence;
}

describe("a model with windows per layer", () => {
  it("has the definition's logits at every position, in slices and token by token", () =>
    windowed(async ({ backend }) => {
      expectClose(await feed(await backend.open(), tokens, backend.sliceTokens), expected, TOLERANCE);
      expectClose(await feed(await backend.open(), tokens, 1), expected, TOLERANCE);
    }));

  it.each([
    ["one window for all", { ...cache, windows: {} }],
    ["a longer window in the first layer", { ...cache, windows: { ...cache.windows, "0": 6 } }],
    ["a shorter one in the last", { ...cache, windows: { ...cache.windows, "2": 69 } }],
    ["fewer sinks", { ...cache, sinks: 2 }],
  ])("differs from %s", (_, other) => {
    expect(() => expectClose(definition(other), expected, TOLERANCE)).toThrow();
  });

  it("is the same when its state went through bytes, wherever it is cut", () =>
    windowed(async ({ backend, fingerprint }) => {
      for (const at of [1, 4, 9, 63, 70, 75, 100, 137, 140, T - 1]) {
        const bytes = await toBytes(await fedTo(backend, at), fingerprint);
        await windowed(async (second) => {
          const resumed = await second.backend.open(decodeState(bytes, second.fingerprint));
          expectClose(await feed(resumed, tokens.subarray(at), backend.sliceTokens), rest(at), TOLERANCE, `from ${at}`);
        });
      }
    }));

  it("keeps no more of each layer than its window, its sinks and the slack", () =>
    windowed(async ({ backend }) => {
      const rows = (position: number) => {
        const perSlot = 4 * 2 * llama.config.num_key_value_heads * llama.config.head_dim;
        return backend.stateBytes(position) / perSlot;
      };
      expect(rows(50)).toBe(150);
      expect(rows(100)).toBe(3 + 5 + 64 + (3 + 8 + 64) + 100);
      expect(rows(1_000_000)).toBe(3 + 5 + 64 + (3 + 8 + 64) + (3 + 70 + 64));
      const saved = await (await fedTo(backend, T)).save();
      expect(saved.reduce((n, { data }) => n + data.length, 0)).toBe(backend.stateBytes(T));
    }));

  it("follows wrong guesses with the definition's logits", () =>
    windowed(async ({ backend }) => {
      for (const at of [60, 71, 138, 150]) {
        const sequence = await fedTo(backend, at);
        const wrong = Uint32Array.of(tokens[at]!, tokens[at + 1]!, (tokens[at + 2]! + 1) % V, 5, 6);
        const guessed = sequence.guess!(wrong)!;
        expect(sequence.accept!()).toBe(true);
        expectClose(guessed.subarray(0, 2 * V), rest(at, at + 2), TOLERANCE);
        const after = await feed(sequence, tokens.subarray(at + 2), 1);
        expectClose(after, rest(at + 2), TOLERANCE, `after a guess at ${at}`);
      }
    }));

  it("has the same bits in stages", () =>
    windowed(async ({ backend }) => {
      const whole = await feed(await backend.open(), tokens, backend.sliceTokens);
      await withPack(CHECKPOINT, { dtype: "f32", cache, stages: 3 }, async (folder) => {
        const divided = (await loadModel(folderSource(folder), kernels)).backend;
        expect(divided.stateBytes(T)).toBe(backend.stateBytes(T));
        expect(await feed(await divided.open(), tokens, divided.sliceTokens)).toEqual(whole);
      });
    }));
});

describe("a layer whose window the architecture states", () => {
  /** The checkpoint as an architecture would describe it that slides over 16 positions in layer 1. */
  const slides = (model: Model): Model =>
    derived({
      ...model,
      blocks: model.blocks.map((block) => ({
        ...block,
        layers: block.layers.map((layer) => ({
          ...layer,
          state: layer.state.map((spec) =>
            spec.kind === "cache" && spec.layer === 1 ? { ...spec, window: 16 } : spec,
          ),
        })),
      })),
    });
  const own = (layer: number) => (layer === 1 ? 16 : undefined);

  const sliding = (policy: CachePolicy, use: (backend: Backend) => Promise<void>) =>
    withPack(CHECKPOINT, { dtype: "f32", cache: policy }, async (folder) => {
      const source = folderSource(folder);
      const { manifest } = await readManifest(source);
      const engine = new EngineMemory(manifest);
      await loadShards(source, manifest, [{ memory: engine.memory, base: WEIGHTS_AT }]);
      await use(engine.start(slides(modelFrom(manifest.model.config)), kernels));
    });

  it.each<[string, CachePolicy]>([
    ["full layers", { policy: "full", sinks: 0, dtype: "f32" }],
    ["windows with sinks", cache],
  ])("slides without sinks beside %s", (_, policy) =>
    sliding(policy, async (backend) => {
      const logits = definition(policy, own);
      expect(() => expectClose(logits, definition(policy), TOLERANCE)).toThrow();
      expectClose(await feed(await backend.open(), tokens, backend.sliceTokens), logits, TOLERANCE);
      expectClose(await feed(await backend.open(), tokens, 1), logits, TOLERANCE);
      expect(backend.contextLength).toBe(policy.policy === "full" ? 512 : 2 ** 31 - 1);
    }),
  );

  it("keeps its window whatever the policy", () => {
    expect(cacheLayout(cache, { layer: 2, window: 16 })).toEqual({ dtype: "f32", sinks: 0, window: 16 });
    expect(cacheLayout(cache, { layer: 2 })).toEqual({ dtype: "f32", sinks: 3, window: 70 });
    expect(cacheLayout(cache, { layer: 1 })).toEqual({ dtype: "f32", sinks: 3, window: 8 });
  });
});
