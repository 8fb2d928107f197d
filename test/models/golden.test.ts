/** Every architecture against transformers' logits: at every position, split through bytes, and blind to no state. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend, Sequence } from "../../src/backends/backend.ts";
import { type Loaded, loadModel } from "../../src/backends/load-model.ts";
import { compiledKernels } from "../../src/cli/kernels.ts";
import { slices } from "../../src/dialogue/reply.ts";
import { architectures } from "../../src/models/index.ts";
import { Sampler } from "../../src/sampling/sampler.ts";
import { decodeState, encodeState } from "../../src/state/codec.ts";
import { folderSource } from "../../src/weights/folder-source.ts";
import { type Golden, goldenNames, goldenPack, readGolden } from "../support/golden.ts";

const kernels = compiledKernels();
/** Of the logits' standard deviation. transformers' own f32 rounding is below 2e-5 of it. */
const TOLERANCE = 1e-3;

const open = (folder: string) => loadModel(folderSource(folder), kernels);

async function feed(sequence: Sequence, ids: Uint32Array, size: number): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (const { slice } of slices([...ids], size)) parts.push(Float32Array.from(await sequence.forward(slice, "all")));
  const out = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Largest difference in units of the reference's standard deviation; NaN is infinitely far. */
function distance(got: Float32Array, expected: Float32Array): number {
  if (got.length !== expected.length) return Infinity;
  const mean = expected.reduce((sum, x) => sum + x, 0) / expected.length;
  const deviation = Math.sqrt(expected.reduce((sum, x) => sum + (x - mean) ** 2, 0) / expected.length);
  let worst = 0;
  for (let i = 0; i < got.length; i++) {
    const far = Math.abs(got[i]! - expected[i]!);
    worst = far >= 0 ? Math.max(worst, far) : Infinity;
  }
  return worst / deviation;
}

const through = async (sequence: Sequence, backend: Backend, fingerprint: string, spoil = false): Promise<Sequence> => {
  const sampler = new Sampler(backend.vocab, undefined, 1).state();
  const tensors = await sequence.save();
  if (spoil) for (const { data } of tensors) data.fill(0);
  const bytes = encodeState({ fingerprint, position: sequence.position, pending: [], sampler, tensors });
  return backend.open(decodeState(bytes, fingerprint));
};

const splitsOf = ({ tokens }: Golden) =>
  [...new Set([1, 2, Math.floor(tokens.length / 2), tokens.length - 1])].filter((at) => at > 0 && at < tokens.length);

it("has goldens for every architecture", () => {
  for (const type of Object.keys(architectures)) expect(goldenNames(`${type}-`).length, type).toBeGreaterThan(0);
});

describe.each(goldenNames())("%s", (name) => {
  const golden = readGolden(name);
  const rest = (at: number) => golden.logits.subarray(at * golden.V);
  let pack: Awaited<ReturnType<typeof goldenPack>>;
  let first: Loaded;
  // Tests of an architecture share one engine, each with sequences of its own.
  beforeAll(async () => {
    pack = await goldenPack(name, { dtype: "f32" });
    first = await open(pack.folder);
  });
  afterAll(() => {
    pack?.remove();
    // Its memory can be collected.
    first = undefined as never;
  });

  it("matches transformers at every position", async () => {
    const { backend } = first;
    expect(distance(await feed(await backend.open(), golden.tokens, backend.sliceTokens), golden.logits)).toBeLessThan(
      TOLERANCE,
    );
  });

  it("matches token by token", async () => {
    expect(distance(await feed(await first.backend.open(), golden.tokens, 1), golden.logits)).toBeLessThan(TOLERANCE);
  });

  it("is the same when its state went through bytes into a new engine", async () => {
    const second = await open(pack.folder);
    for (const at of splitsOf(golden)) {
      const sequence = await first.backend.open();
      await feed(sequence, golden.tokens.subarray(0, at), first.backend.sliceTokens);
      const resumed = await through(sequence, second.backend, second.fingerprint);
      expect(
        distance(await feed(resumed, golden.tokens.subarray(at), second.backend.sliceTokens), rest(at)),
        `split at ${at}`,
      ).toBeLessThan(TOLERANCE);
      sequence.release();
    }
  });

  it("needs its state: a codec that drops it fails the comparison above", async () => {
    const { backend, fingerprint } = first;
    const at = Math.ceil(golden.tokens.length / 2);
    const sequence = await backend.open();
    await feed(sequence, golden.tokens.subarray(0, at), backend.sliceTokens);
    const amnesiac = await through(sequence, backend, fingerprint, true);
    expect(distance(await feed(amnesiac, golden.tokens.subarray(at), backend.sliceTokens), rest(at))).toBeGreaterThan(
      TOLERANCE,
    );
  });
});

it("a comparison with NaN fails", () => {
  expect(distance(Float32Array.of(NaN, 1), Float32Array.of(0, 1))).toBe(Infinity);
});
