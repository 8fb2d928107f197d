import { describe, expect, it } from "vitest";
import {
  fingerprint,
  MANIFEST_MAX_BYTES,
  parseManifest,
  payloadBytes,
  shardStarts,
} from "../../src/weights/parse-manifest.ts";
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
    const started = performance.now();
    const failure = failureOf(() => parseManifest(new Uint8Array(MANIFEST_MAX_BYTES + 1)));
    expect(failure.message).toContain(`expected at most ${MANIFEST_MAX_BYTES} bytes`);
    expect(performance.now() - started).toBeLessThan(10);
  });

  it("says what came", () => {
    expect(failureOf(() => parseManifest(changed("cache.dtype", "int4"))).message).toMatch(
      /cache\.dtype: .*, got "int4"$/,
    );
    expect(failureOf(() => parseManifest(encode("[]"))).message).toMatch(/^manifest\.json: .*, got \[\]$/);
  });
});
