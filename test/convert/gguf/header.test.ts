import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ByteFile } from "../../../src/convert/checkpoint/byte-file.ts";
import { NeedMore } from "../../../src/convert/gguf/cursor.ts";
import { parseGgufHeader, readGgufHeader } from "../../../src/convert/gguf/header.ts";
import { Failure } from "../../../src/core/failure.ts";
import { cpuMs } from "../../support/cpu-time.ts";
import { failureIn, failureOf } from "../../weights/failing.ts";
import { mutated, randomBelow } from "../../weights/random.ts";
import {
  fixture,
  gguf,
  ggufMeta,
  ggufString,
  ggufTensor,
  inFolder,
  joined,
  u32,
  u64,
  writeFiles,
} from "../sample-files.ts";

const U8 = 0;
const U32 = 4;
const STRING = 8;
const ARRAY = 9;
const U64 = 10;
const F32 = 0;
const Q8 = 8;
const a = ggufTensor("a", [8, 2], F32, 0);
const b = ggufTensor("b", [32], Q8, 64);
const data = new Uint8Array(64 + 34);
const alignment = (n: number) => ggufMeta("general.alignment", U32, u32(n));
const parse = (bytes: Uint8Array<ArrayBuffer>) => parseGgufHeader("x.gguf", bytes, bytes.length);

describe("parseGgufHeader", () => {
  it("gives metadata, and tensors with the slowest dimension first", () => {
    const meta = [
      ggufMeta("text", STRING, ggufString("héllo")),
      ggufMeta("n", U64, u64(7)),
      ggufMeta("big", U64, u64(2n ** 64n - 1n)),
      ggufMeta("yes", 7, Uint8Array.of(1)),
      ggufMeta("list", ARRAY, joined(u32(U8), u64(3), Uint8Array.of(1, 2, 3))),
      ggufMeta("words", ARRAY, joined(u32(STRING), u64(2), ggufString("a"), ggufString(""))),
    ];
    const bytes = gguf({ meta, tensors: [a, b], data });
    const header = parse(bytes);
    expect(Object.fromEntries(header.meta)).toEqual({
      text: "héllo",
      n: 7,
      big: 2n ** 64n - 1n,
      yes: true,
      list: Uint8Array.of(1, 2, 3),
      words: ["a", ""],
    });
    expect(header.tensors.get("a")).toMatchObject({ shape: [2, 8], bytes: 64, start: bytes.length - 98 });
    expect(header.tensors.get("b")).toMatchObject({ shape: [32], bytes: 34, start: bytes.length - 34 });
  });

  it("reads version 2 and other alignments", () => {
    const tensors = [a, ggufTensor("b", [32], Q8, 128)];
    const bytes = gguf({ version: 2, meta: [alignment(128)], alignment: 128, tensors, data: new Uint8Array(128 + 34) });
    expect(parse(bytes).tensors.get("b")!.start % 128).toBe(0);
  });

  const one = (tensor: Uint8Array) => gguf({ tensors: [tensor], data });
  const meta = (...entries: Uint8Array[]) => gguf({ meta: entries, tensors: [a, b], data });
  const text = (length: number | bigint) => ggufMeta("k", STRING, ggufString("text", length));
  const list = (type: number, count: number | bigint) =>
    ggufMeta("k", ARRAY, joined(u32(type), u64(count), new Uint8Array(16)));

  it.each<[string, Uint8Array<ArrayBuffer>, string]>([
    ["another magic", gguf({ magic: "GGML", tensors: [a, b], data }), 'magic: expected "GGUF", got 0x4c4d4747'],
    ["version 1", gguf({ version: 1, tensors: [a, b], data }), "version: expected 2 or 3, got 1"],
    [
      "big-endian files",
      gguf({ version: 0x03000000, tensors: [a, b], data }),
      "version: big-endian files are not supported",
    ],
    ["2^53 tensors", gguf({ tensorCount: 2 ** 53, tensors: [a, b], data }), "tensor count: expected at most"],
    ["no tensor", gguf({ data }), "tensor count: expected at least 1, got 0"],
    [
      "2^64 − 1 metadata entries",
      gguf({ metaCount: 2n ** 64n - 1n, tensors: [a, b], data }),
      "metadata count: expected at most",
    ],
    ["one tensor more than there are", gguf({ tensorCount: 3, tensors: [a, b], data }), "tensor[2]"],
    ["a key given twice", meta(alignment(32), alignment(32)), "general.alignment: given twice"],
    ["text of 2^63 bytes", meta(text(2n ** 63n)), "k: expected at most"],
    ["text that is longer than the file", meta(text(100_000)), "k: expected at most"],
    ["a list of 2^62 numbers", meta(list(U64, 2n ** 62n)), "k: expected at most"],
    ["a list of 2^40 strings", meta(list(STRING, 2 ** 40)), "k: expected at most"],
    ["a list of lists", meta(list(ARRAY, 1)), "k: a list of lists is not supported"],
    ["an unknown value type", meta(ggufMeta("k", 13, u64(0))), "k: expected a value type 0…12, got 13"],
    [
      "text that is not UTF-8",
      meta(ggufMeta("k", STRING, joined(u64(2), Uint8Array.of(0xc3, 0x28)))),
      "k: not valid UTF-8",
    ],
    ["an alignment of 2^31", meta(alignment(2 ** 31)), "general.alignment: expected a power of two from 8 to 65536"],
    ["an alignment of 0", meta(alignment(0)), "general.alignment: expected a power of two"],
    ["an alignment of 48", meta(alignment(48)), "general.alignment: expected a power of two"],
    [
      "an alignment that is text",
      meta(ggufMeta("general.alignment", STRING, ggufString("32"))),
      "general.alignment: expected a power",
    ],
    [
      "a name of 300 bytes",
      one(ggufTensor("n".repeat(300), [8], F32, 0)),
      "expected at most 256 bytes of text, got 300",
    ],
    [
      "a name given twice",
      gguf({ tensors: [a, ggufTensor("a", [8], F32, 64)], data }),
      "a: expected a name of its own",
    ],
    ["no dimension", one(ggufTensor("a", [], F32, 0)), "a: expected 1…4 dimensions, got 0"],
    ["five dimensions", one(ggufTensor("a", [1, 1, 1, 1, 1], F32, 0)), "a: expected 1…4 dimensions, got 5"],
    [
      "a size of 2^63 − 1",
      one(ggufTensor("a", [2n ** 63n - 1n, 2], F32, 0)),
      "a: expected a size, got 9223372036854775807",
    ],
    [
      "sizes whose product overflows",
      one(ggufTensor("a", [2 ** 32, 2 ** 32], F32, 0)),
      "a: shape [4294967296,4294967296] has too many",
    ],
    ["a size of 0", one(ggufTensor("a", [0, 8], F32, 0)), "a: expected sizes from 1 up, got [0,8]"],
    [
      "a row that ends inside a block",
      one(ggufTensor("a", [33], Q8, 0)),
      "a: expected a row length divisible by 32, got 33",
    ],
    ["a known type that is not supported", one(ggufTensor("a", [256], 10, 0)), "a: quantisation Q2_K is not supported"],
    ["an unknown type", one(ggufTensor("a", [256], 99, 0)), "a: quantisation 99 is not supported"],
    ["an offset past the file", one(ggufTensor("a", [8, 2], F32, 2n ** 63n)), "a: expected a size"],
    [
      "an offset that is not the next",
      gguf({ tensors: [a, ggufTensor("b", [32], Q8, 96)], data }),
      "b: expected data offset 64, got 96",
    ],
    [
      "two tensors on the same bytes",
      gguf({ tensors: [a, ggufTensor("b", [8, 2], F32, 0)], data }),
      "b: expected data offset 64, got 0",
    ],
    ["a file cut by one byte", gguf({ tensors: [a, b], data: data.slice(1) }), "b: expected data up to byte"],
    [
      "a file cut in its header",
      gguf({ tensors: [a, b] }).slice(0, 90),
      "b: expected 8 bytes at 90, the file ends before",
    ],
  ])("refuses %s (M4)", (_, bytes, message) => {
    const started = cpuMs();
    const failure = failureOf(() => parse(bytes));
    expect(cpuMs() - started).toBeLessThan(100);
    expect(failure.code).toBe("weights_invalid");
    expect(failure.message).toMatch(/^x\.gguf: /);
    expect(failure.message).toContain(message);
  });

  it("refuses or soundly reads 20,000 damaged headers (M4)", () => {
    const random = randomBelow(3);
    const whole = readFileSync(fixture("tiny-llama.gguf"));
    // The counts, the first entries, and the tensor table; the long token lists are left alone.
    const sound = gguf({ meta: [alignment(32), text(4), list(U8, 16)], tensors: [a, b], data });
    let refused = 0;
    for (let i = 0; i < 20_000; i++) {
      const bytes = mutated(i % 50 === 0 ? whole : sound, random);
      try {
        for (const { start, bytes: length } of parse(bytes).tensors.values())
          expect(start + length).toBeLessThanOrEqual(bytes.length);
      } catch (thrown) {
        if (!(thrown instanceof Failure) || thrown.code !== "weights_invalid") throw thrown;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(10_000);
  });
});

describe("readGgufHeader", () => {
  it("gives up on a header that does not end (M4)", async () => {
    const head = gguf({ metaCount: 1, tensorCount: 1, meta: [ggufMeta("k", ARRAY, joined(u32(U8), u64(2 ** 39)))] });
    const read: number[] = [];
    const file = {
      size: 2 ** 40,
      name: "x",
      read: async (_: number, length: number) => {
        read.push(length);
        const bytes = new Uint8Array(length);
        bytes.set(head.subarray(0, length));
        return bytes;
      },
      refuse: ByteFile.prototype.refuse,
    };
    const failure = await failureIn(readGgufHeader(file as unknown as ByteFile));
    expect(failure.message).toBe("x: expected a header of at most 67108864 bytes, got more");
    expect(read[0]).toBeLessThan(1 << 20);
    expect(Math.max(...read)).toBe(64 * 1024 * 1024);
  });

  it("reads on where the header is longer than the first look", async () => {
    const long = ggufMeta("long", ARRAY, joined(u32(U8), u64(400_000), new Uint8Array(400_000)));
    const bytes = gguf({ meta: [long], tensors: [a, b], data });
    expect(() => parseGgufHeader("x", bytes.slice(0, 1000), bytes.length)).toThrow(NeedMore);
    await inFolder(async (folder) => {
      await writeFiles(folder, { "x.gguf": bytes });
      const file = await ByteFile.open(join(folder, "x.gguf"));
      expect((await readGgufHeader(file)).tensors.size).toBe(2);
      await file.close();
    });
  });
});
