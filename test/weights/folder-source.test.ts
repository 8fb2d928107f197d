import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { folderSource } from "../../src/weights/folder-source.ts";
import { loadPack } from "../../src/weights/load-pack.ts";
import { failureIn } from "./failing.ts";
import { samplePack } from "./sample-pack.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rivulet-pack-"));
  for (const [file, bytes] of samplePack().files) await writeFile(join(folder, file), bytes);
});
afterEach(() => rm(folder, { recursive: true }));

const load = (memory = new WebAssembly.Memory({ initial: 1 })) =>
  loadPack(folderSource(folder), () => ({ memory, base: 64 }));

it("loads a pack from disk", async () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  await load(memory);
  const { payload } = samplePack();
  expect(new Uint8Array(memory.buffer, 64, payload.length)).toEqual(payload);
});

it("names a file that is missing, or that is a folder", async () => {
  await rm(join(folder, "shard-001.bin"));
  const missing = await failureIn(load());
  expect(missing.code).toBe("weights_invalid");
  expect(missing.message).toContain(`${join(folder, "shard-001.bin")}: no such file`);
  await mkdir(join(folder, "shard-001.bin"));
  expect((await failureIn(load())).message).toContain("no such file");
});

it("names a pack that is a file", async () => {
  const place = () => ({ memory: new WebAssembly.Memory({ initial: 1 }), base: 0 });
  const failure = await failureIn(loadPack(folderSource(join(folder, "tokenizer.json")), place));
  expect(failure.code).toBe("weights_invalid");
  expect(failure.message).toContain("tokenizer.json/manifest.json: no such file");
});

it("names a file that is longer or shorter than the manifest says (M2)", async () => {
  await writeFile(join(folder, "shard-000.bin"), new Uint8Array(641));
  expect((await failureIn(load())).message).toBe("shard-000.bin: expected 640 bytes, got 641");
});
