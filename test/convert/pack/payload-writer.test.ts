import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { PayloadWriter } from "../../../src/convert/pack/payload-writer.ts";
import { sha256 } from "../../weights/sample-pack.ts";
import { inFolder, joined } from "../sample-files.ts";

it("cuts a payload into shards, tensors going on from one to the next", async () => {
  await inFolder(async (folder) => {
    const writer = new PayloadWriter(folder, 256);
    const tensors = [100, 412, 64, 12].map((bytes, i) => new Uint8Array(bytes).fill(i + 1));
    for (const [i, tensor] of tensors.entries()) {
      await writer.begin({
        name: `t${i}`,
        kind: "vector",
        dtype: "f32",
        shape: [tensor.length / 4],
        bytes: tensor.length,
      });
      await writer.append(tensor.subarray(0, 10));
      await writer.append(tensor.subarray(10));
    }
    await writer.finish();
    const places = writer.tensors.map(({ shard, offset }) => [shard, offset]);
    expect(places).toEqual([
      [0, 0],
      [0, 128],
      [2, 64],
      [2, 128],
    ]);
    expect(writer.shards.map(({ file, bytes }) => [file, bytes])).toEqual([
      ["shard-000.bin", 256],
      ["shard-001.bin", 256],
      ["shard-002.bin", 140],
    ]);
    const files = await Promise.all(writer.shards.map(({ file }) => readFile(join(folder, file))));
    expect(writer.shards.map((shard) => shard.sha256)).toEqual(files.map(sha256));
    const gap = (n: number) => new Uint8Array(n);
    const [a, b, c, d] = tensors as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    expect(Buffer.concat(files)).toEqual(Buffer.from(joined(a, gap(28), b, gap(36), c, d)));
  });
});

it("starts a tensor that falls on the border in the next shard", async () => {
  await inFolder(async (folder) => {
    const writer = new PayloadWriter(folder, 128);
    for (const name of ["a", "b"]) {
      await writer.begin({ name, kind: "vector", dtype: "f32", shape: [32], bytes: 128 });
      await writer.append(new Uint8Array(128));
    }
    await writer.finish();
    expect(writer.tensors.map(({ shard, offset }) => [shard, offset])).toEqual([
      [0, 0],
      [1, 0],
    ]);
    expect(writer.shards.length).toBe(2);
  });
});

it("begins a shard where it is told to, aligned", async () => {
  await inFolder(async (folder) => {
    const writer = new PayloadWriter(folder, 256);
    for (const bytes of [100, 300]) {
      await writer.begin({ name: `t${bytes}`, kind: "vector", dtype: "f32", shape: [bytes / 4], bytes });
      await writer.append(new Uint8Array(bytes).fill(1));
      await writer.cut();
    }
    await writer.begin({ name: "last", kind: "vector", dtype: "f32", shape: [1], bytes: 4 });
    await writer.append(new Uint8Array(4));
    await writer.finish();
    expect(writer.shards.map(({ bytes }) => bytes)).toEqual([128, 256, 64, 4]);
    expect(writer.tensors.map(({ shard, offset }) => [shard, offset])).toEqual([
      [0, 0],
      [1, 0],
      [3, 0],
    ]);
  });
});
