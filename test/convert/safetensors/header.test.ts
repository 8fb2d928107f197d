import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ByteFile } from "../../../src/convert/checkpoint/byte-file.ts";
import { readSafetensorsHeader } from "../../../src/convert/safetensors/header.ts";
import { Failure } from "../../../src/core/failure.ts";
import { cpuMs } from "../../support/cpu-time.ts";
import { failureIn } from "../../weights/failing.ts";
import { mutated, randomBelow } from "../../weights/random.ts";
import { inFolder, joined, safetensors, u64, writeFiles } from "../sample-files.ts";

const read = (bytes: Uint8Array) =>
  inFolder(async (folder) => {
    await writeFiles(folder, { "x.safetensors": bytes });
    const file = await ByteFile.open(join(folder, "x.safetensors"));
    try {
      return await readSafetensorsHeader(file);
    } finally {
      await file.close();
    }
  });

const entry = (dtype: string, shape: unknown, from: unknown, to: unknown) => ({
  dtype,
  shape,
  data_offsets: [from, to],
});
const a = entry("F32", [2, 3], 0, 24);
const b = entry("BF16", [4], 24, 32);
const data = new Uint8Array(32);
const huge = 2 ** 53;

describe("readSafetensorsHeader", () => {
  it("gives names, shapes and places, whatever the order of the header", async () => {
    const tensors = await read(safetensors({ __metadata__: { format: "pt" }, b, a }, data));
    expect([...tensors.keys()]).toEqual(["b", "a"]);
    expect(tensors.get("a")).toMatchObject({ dtype: "F32", shape: [2, 3], bytes: 24 });
    expect(tensors.get("b")!.start).toBe(tensors.get("a")!.start + 24);
  });

  it("takes a scalar, and spaces after the header", async () => {
    const tensors = await read(safetensors(`${JSON.stringify({ s: entry("F32", [], 0, 4) })}   `, new Uint8Array(4)));
    expect(tensors.get("s")).toMatchObject({ shape: [], bytes: 4 });
  });

  it.each<[string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(0), "expected at least 8 bytes, got 0"],
    ["a header longer than the file", safetensors({ a, b }, data, 10_000), "header length: expected 2…"],
    ["a header of 2^63 bytes", safetensors({ a, b }, data, 2n ** 63n), "got 9223372036854775808"],
    ["a header that is cut", safetensors({ a, b }, data, 20), "not valid JSON"],
    ["a header that is a list", safetensors("[1]", data), "header: expected an object"],
    [
      "a name given twice",
      safetensors(`{"a":${JSON.stringify(a)},"a":${JSON.stringify(b)}}`, data),
      'key "a" is given twice',
    ],
    ["__proto__ as a name", safetensors(`{"__proto__":${JSON.stringify(a)}}`, data), "not allowed"],
    ["a name of 10 kB", safetensors({ ["n".repeat(10_000)]: a }, data), "expected a name of 1…256 characters"],
    ["a file cut by one byte", safetensors({ a, b }, data.slice(1)), "bytes as the header says, got"],
    ["a file longer by one byte", safetensors({ a, b }, new Uint8Array(33)), "bytes as the header says, got"],
    ["data that no tensor claims", safetensors({ b }, data), "b: data_offsets: expected to begin at 0, got 24"],
    [
      "a gap",
      safetensors({ a, b: entry("BF16", [4], 26, 34) }, new Uint8Array(34)),
      "b: data_offsets: expected to begin at 24, got 26",
    ],
    [
      "an overlap",
      safetensors({ a, b: entry("BF16", [4], 20, 28) }, data),
      "b: data_offsets: expected to begin at 24, got 20",
    ],
    ["two tensors on the same bytes", safetensors({ a, c: a }, data.slice(0, 24)), "expected to begin at 24, got 0"],
    [
      "an end before its start",
      safetensors({ a: entry("F32", [2, 3], 24, 0) }, data),
      "a: data_offsets: expected [begin, end]",
    ],
    [
      "a negative offset",
      safetensors({ a: entry("F32", [2, 3], -24, 0) }, data),
      "a: data_offsets: expected [begin, end]",
    ],
    [
      "a fractional offset",
      safetensors({ a: entry("F32", [2, 3], 0.5, 24.5) }, data),
      "a: data_offsets: expected [begin, end]",
    ],
    [
      "offsets as text",
      safetensors({ a: entry("F32", [2, 3], "0", "24") }, data),
      "a: data_offsets: expected [begin, end]",
    ],
    [
      "a shape that is longer than its bytes",
      safetensors({ a: entry("F32", [2, 4], 0, 24) }, data),
      "expected 32 bytes for F32 [2,4], got 24",
    ],
    [
      "a shape whose product overflows",
      safetensors({ a: entry("F32", [2 ** 40, 2 ** 40], 0, 24) }, data),
      "too many elements",
    ],
    [
      "a size beyond 2^53",
      safetensors({ a: entry("F32", [huge, 2], 0, 24) }, data),
      "a: shape: expected up to 8 sizes",
    ],
    [
      "a size of zero",
      safetensors({ a: entry("F32", [0, 2], 0, 0), b }, data),
      "a: shape: expected up to 8 sizes from 1 up",
    ],
    [
      "a missing shape",
      safetensors({ a: { dtype: "F32", data_offsets: [0, 24] } }, data),
      "a: shape: expected up to 8 sizes from 1 up, got nothing",
    ],
    ["an unknown dtype", safetensors({ a: entry("F12", [2, 3], 0, 24) }, data), "a: dtype: expected one of F64, I64"],
    [
      "a dtype out of Object.prototype",
      safetensors({ a: entry("toString", [2, 3], 0, 24) }, data),
      "a: dtype: expected one of",
    ],
    ["an entry that is null", safetensors({ a: null }, data), "a: expected an object, got null"],
  ])("refuses %s (M4)", async (_, bytes, message) => {
    const started = cpuMs();
    const failure = await failureIn(read(bytes));
    expect(failure.code).toBe("weights_invalid");
    expect(failure.message).toMatch(/^x\.safetensors: /);
    expect(failure.message).toContain(message);
    expect(cpuMs() - started).toBeLessThan(500);
  });

  it("refuses a header over the cap without reading it (M4)", async () => {
    const file = { size: 2 ** 40, name: "big", read: async () => u64(100_000_001), refuse: ByteFile.prototype.refuse };
    const failure = await failureIn(readSafetensorsHeader(file as unknown as ByteFile));
    expect(failure.message).toContain("header length: expected 2…100000000, got 100000001");
  });

  it("refuses or soundly reads 10,000 damaged headers (M4)", async () => {
    const random = randomBelow(2);
    const whole = safetensors({ a, b }, data);
    const header = whole.subarray(8, whole.length - data.length);
    let refused = 0;
    for (let i = 0; i < 10_000; i++) {
      const damaged = mutated(header, random);
      const bytes = joined(u64(random(10) === 0 ? random(300) : damaged.length), damaged, data);
      const file = {
        size: bytes.length,
        name: "x",
        read: async (at: number, n: number) => bytes.slice(at, at + n),
        refuse: ByteFile.prototype.refuse,
      };
      try {
        const tensors = await readSafetensorsHeader(file as unknown as ByteFile);
        for (const { start, bytes: length } of tensors.values()) expect(start + length).toBeLessThanOrEqual(file.size);
      } catch (thrown) {
        if (!(thrown instanceof Failure) || thrown.code !== "weights_invalid") throw thrown;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(5000);
  });
});
