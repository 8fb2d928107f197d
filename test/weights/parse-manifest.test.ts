import { describe, expect, it } from "vitest";
import {
  fingerprint,
  MANIFEST_MAX_BYTES,
  parseManifest,
  payloadBytes,
  shardStarts,
} from "../../src/weights/parse-manifest.ts";
import { cpuMs } from "../support/cpu-time.ts";
import { failureOf } from "./failing.ts";
import { encode, samplePack, sha256 } from "./sample-pack.ts";

type Json = Record<string, unknown>;

/** The sample manifest with one value replaced (undefined: removed) at a path such as `tensors.1.offset`. */
function changed(path: string, value: unknown): Uint8Array {
  const manifest = structuredClone(samplePack().manifest) as unknown as Json;
  const keys = path.split(".");
  const last = keys.pop()!;
  const at = keys.reduce((node, key) => node[key] as Json, manifest);
  if (value === undefined) delete at[last];
  else at[last] = value;
  return encode(JSON.stringify(manifest));
}

const huge = 2 ** 53;

describe("parseManifest", () => {
  it("returns a sound manifest as it stands", () => {
    const { manifest, files } = samplePack();
    const bytes = files.get("manifest.json")!;
    expect(parseManifest(bytes)).toEqual(manifest);
    expect(fingerprint(bytes)).toBe(sha256(bytes));
    expect(shardStarts(manifest)).toEqual([0, 640, 864]);
    expect(payloadBytes(manifest)).toBe(864);
  });

  it.each([
    // Fields.
    ["format", "safetensors", "format: "],
    ["version", 2, "version: "],
    ["name", undefined, "name: "],
    ["extra", 1, "extra"],
    ["dtype", "q5", "dtype: "],
    ["model.config", [], "model.config: "],
    ["contextLength", 0, "contextLength: "],
    ["generation.eos", [-1], "generation.eos[0]: "],
    ["cache.policy", "ring", "cache.policy: "],
    ["cache", { policy: "window", sinks: 4, dtype: "int8" }, "cache.window: expected a number, got nothing"],
    [
      "cache",
      { policy: "full", windows: { "1": 64 }, dtype: "f32" },
      'cache.windows: expected nothing, as cache.policy is "full"',
    ],
    ["cache", { policy: "window", window: 8, windows: { "1": 0 }, dtype: "f32" }, "cache.windows.1: "],
    ["cache", { policy: "window", window: 8, windows: { "01": 64 }, dtype: "f32" }, "cache.windows"],
    ["cache", { policy: "window", window: 8, windows: [64], dtype: "f32" }, "cache.windows: "],
    ["parameters", 386, "parameters: expected 387, got 386"],
    // Files.
    ["shards", [], "shards: "],
    ["shards.0.file", "../shard-000.bin", "shards[0].file: "],
    ["shards.0.file", "/etc/passwd", "shards[0].file: "],
    ["shards.1.file", "shard-000.bin", 'shards[1].file: expected a name of its own, got "shard-000.bin" again'],
    ["tokenizer.file", "manifest.json", "tokenizer.file: expected a name of its own"],
    ["shards.0.bytes", 0, "shards[0].bytes: expected 1…"],
    ["shards.0.bytes", 24 * 2 ** 20 + 1, "shards[0].bytes: expected 1…25165824, got 25165825"],
    ["shards.0.sha256", "abc", "shards[0].sha256: "],
    ["template.bytes", 2 ** 40, "template.bytes: expected 1…1048576"],
    ["shards.1.bytes", 225, "shards: expected 864 bytes in all, as the tensors need, got 865"],
    ["shards.1.bytes", 223, "shards: expected 864 bytes in all, as the tensors need, got 863"],
    // Tensors (M4).
    ["tensors", [], "tensors: "],
    ["tensors.0.shape", [huge], "tensors[0].shape"],
    [
      "tensors.0.shape",
      [2 ** 40, 2 ** 40],
      "tensors[0].shape: shape [1099511627776,1099511627776] has too many elements",
    ],
    ["tensors.0.shape", [0, 8], "tensors[0].shape[0]: "],
    ["tensors.0.shape", [-16, -8], "tensors[0].shape[0]: "],
    ["tensors.0.shape", [128], "tensors[0].shape: expected (R, C) for a matrix, got [128]"],
    ["tensors.0.shape", [16, 9], "tensors[0].bytes: expected 576 for f32 [16,9], got 512"],
    ["tensors.0.kind", "scalar", "tensors[0].kind: "],
    ["tensors.0.dtype", "f16", "tensors[0].bytes: expected 256 for f16 [16,8], got 512"],
    ["tensors.1.dtype", "q8", 'tensors[1].dtype: expected "f32" for a vector, got "q8"'],
    ["tensors.1.bytes", 16, "tensors[1].bytes: expected 12 for f32 [3], got 16"],
    ["tensors.1.name", "a", 'tensors[1].name: expected a name of its own, got "a" again'],
    ["tensors.1.name", "x".repeat(257), "tensors[1].name: "],
    ["tensors.0.offset", 64, "tensors[0].offset: expected the tensor at payload byte 0, got 64"],
    ["tensors.1.offset", 448, "tensors[1].offset: expected the tensor at payload byte 512, got 448"],
    ["tensors.2.offset", 524, "tensors[2].offset: expected the tensor at payload byte 576, got 524"],
    ["tensors.2.offset", -64, "tensors[2].offset: "],
    ["tensors.2.offset", 640, "tensors[2].offset: expected less than 640, got 640"],
    ["tensors.2.shard", 2, "tensors[2].shard: expected less than 2, got 2"],
    ["tensors.2.shard", 0.5, "tensors[2].shard: "],
  ])("refuses %s = %j (M4)", (path, value, message) => {
    const failure = failureOf(() => parseManifest(changed(path, value)));
    expect(failure.code).toBe("weights_invalid");
    expect(failure.message).toMatch(/^manifest\.json: /);
    expect(failure.message).toContain(message);
  });

  it("takes a pack without tokenizer and template", () => {
    const { tokenizer: _, template: __, ...manifest } = samplePack().manifest;
    expect(parseManifest(encode(JSON.stringify(manifest)))).toEqual(manifest);
  });

  it("names the field of a failure in its param", () => {
    expect(failureOf(() => parseManifest(changed("tensors.1.bytes", 16))).param).toBe("tensors[1].bytes");
    expect(failureOf(() => parseManifest(encode("5"))).param).toBe("manifest.json");
  });

  it("refuses tensors out of order", () => {
    const { manifest } = samplePack();
    const failure = failureOf(() => parseManifest(changed("tensors", manifest.tensors.toReversed())));
    expect(failure.message).toContain("expected the tensor at payload byte 0, got 576");
  });

  it("refuses a manifest over the cap before it looks inside (M4)", () => {
    const started = cpuMs();
    const failure = failureOf(() => parseManifest(new Uint8Array(MANIFEST_MAX_BYTES + 1)));
    expect(failure.message).toContain(`expected at most ${MANIFEST_MAX_BYTES} bytes`);
    expect(cpuMs() - started).toBeLessThan(100);
  });

  it("says what came", () => {
    expect(failureOf(() => parseManifest(changed("cache.dtype", "int4"))).message).toMatch(
      /cache\.dtype: .*, got "int4"$/,
    );
    expect(failureOf(() => parseManifest(encode("[]"))).message).toMatch(/^manifest\.json: .*, got \[\]$/);
  });
});

describe("stages of a manifest", () => {
  // The sample's first two tensors, then the third at the start of a shard of its own.
  const staged = (stages: unknown) => {
    const { manifest } = samplePack();
    const tensors = manifest.tensors.map((tensor, i) => (i === 2 ? { ...tensor, shard: 1, offset: 0 } : tensor));
    const shards = manifest.shards.map((shard, i) => ({ ...shard, bytes: [576, 288][i]! }));
    return encode(JSON.stringify({ ...manifest, tensors, shards, stages }));
  };
  const stage = (blocks: number[], tensors: number[], shards: number[]) => ({ blocks, tensors, shards });
  const good = [stage([0, 1], [0, 2], [0, 1]), stage([1, 2], [2, 3], [1, 2])];

  it("are read as they stand", () => {
    expect(parseManifest(staged(good)).stages).toEqual(good);
  });

  it("may hold a tensor each, which counts once", () => {
    const { manifest } = samplePack();
    const copy = (shard: number) => ({ ...manifest.tensors[1]!, shard, offset: 0 });
    const shards = manifest.shards.map((shard, i) => ({ ...shard, bytes: [64, 12][i]! }));
    const twice = { ...manifest, tensors: [copy(0), copy(1)], shards, parameters: 3 };
    const stages = [stage([0, 1], [0, 1], [0, 1]), stage([1, 2], [1, 2], [1, 2])];
    const json = (change = {}) => encode(JSON.stringify({ ...twice, stages, ...change }));
    expect(parseManifest(json()).tensors.length).toBe(2);
    expect(failureOf(() => parseManifest(json({ stages: undefined }))).message).toContain("tensors[1].name");
    expect(failureOf(() => parseManifest(json({ parameters: 6 }))).message).toContain("parameters: expected 3, got 6");
    const other = { ...copy(1), shape: [4], bytes: 16 };
    const shorter = json({ tensors: [copy(0), other], shards: shards.map((s, i) => ({ ...s, bytes: [64, 16][i]! })) });
    expect(failureOf(() => parseManifest(shorter)).message).toContain("tensors[1].shape: expected the 3 values");
  });

  it.each([
    ["one alone", [good[0]], "stages: "],
    ["blocks left out", [good[0], stage([2, 3], [2, 3], [1, 2])], "stages[1].blocks[0]: expected 1, got 2"],
    ["blocks backwards", [stage([0, 1], [0, 2], [0, 1]), stage([1, 0], [2, 3], [1, 2])], "stages[1].blocks[1]"],
    ["tensors left out", [good[0], stage([1, 2], [1, 3], [1, 2])], "stages[1].tensors[0]: expected 2, got 1"],
    ["tensors too few", [good[0], stage([1, 2], [2, 2], [1, 2])], "stages[1].tensors[1]: expected at least 3"],
    ["tensors too many", [good[0], stage([1, 2], [2, 4], [1, 2])], "stages: expected 3 tensors in all, got 4"],
    ["shards too many", [good[0], stage([1, 2], [2, 3], [1, 3])], "stages: expected 2 shards in all, got 3"],
    [
      "a shard that is not its own",
      [stage([0, 1], [0, 1], [0, 1]), stage([1, 2], [1, 3], [1, 2])],
      "stages[1].tensors[0]",
    ],
    ["numbers beyond reason", [good[0], stage([1, 2], [2, 2 ** 52], [1, 2 ** 52])], "stages: expected 3 tensors"],
  ])("are refused: %s", (_, stages, message) => {
    const { code, message: got } = failureOf(() => parseManifest(staged(stages)));
    expect([code, got]).toEqual(["weights_invalid", expect.stringContaining(message)]);
  });
});
