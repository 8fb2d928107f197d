import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ByteFile } from "../../src/convert/checkpoint/byte-file.ts";
import { readGgufHeader } from "../../src/convert/gguf/header.ts";
import { GgufHeaderWriter } from "../../src/export/gguf-header.ts";

it("writes a vocabulary of the size that published models have, as it is read back", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rivulet-header-"));
  const path = join(folder, "x.gguf");
  const tokens = Array.from({ length: 262_144 }, (_, i) => `t${i}`);
  const writer = new GgufHeaderWriter(32);
  writer.meta("tokenizer.ggml.tokens", tokens);
  writer.meta("general.architecture", "llama");
  writer.tensor("a", [2, 8], "f32");
  await writeFile(path, Buffer.concat([writer.bytes(), new Uint8Array(64)]));
  const file = await ByteFile.open(path);
  try {
    const { meta, tensors } = await readGgufHeader(file);
    expect(meta.get("general.architecture")).toBe("llama");
    expect(meta.get("tokenizer.ggml.tokens")).toEqual(tokens);
    expect(tensors.get("a")?.shape).toEqual([2, 8]);
  } finally {
    await file.close();
    await rm(folder, { recursive: true });
  }
});
