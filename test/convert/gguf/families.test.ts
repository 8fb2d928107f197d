/** GGUF files of every architecture that has that form: the same pack as from the Hugging Face folder. */
import { readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadModel } from "../../../src/backends/load-model.ts";
import { compiledKernels } from "../../../src/cli/kernels.ts";
import { slices } from "../../../src/dialogue/reply.ts";
import { architectures } from "../../../src/models/index.ts";
import { folderSource } from "../../../src/weights/folder-source.ts";
import { readGolden } from "../../support/golden.ts";
import { converted } from "../folder.ts";
import { fixture } from "../sample-files.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rivulet-gguf-"));
});
afterEach(() => rm(folder, { recursive: true }));

const files = readdirSync(fixture("families"));
const golden = (name: string) => join(import.meta.dirname, "../../golden", name);

it("covers each of them", () => {
  // Llama: source.test.ts; the hybrids: test/export/export.test.ts.
  const elsewhere = ["llama", "bamba", "falcon_h1", "granitemoehybrid", "lfm2", "mamba2", "nemotron_h", "qwen3_5_text"];
  const spelled = Object.values(architectures).filter(({ type, gguf }) => gguf && !elsewhere.includes(type));
  for (const { type } of spelled)
    expect(
      files.some((file) => file.startsWith(`${type}-`)),
      type,
    ).toBe(true);
});

it.each(files)("%s", async (file) => {
  const name = file.replace(/\.gguf$/, "");
  const { manifest: fromFile } = await converted(join(fixture("families"), file), join(folder, "file"));
  const { manifest: fromFolder } = await converted(golden(name), join(folder, "folder"));
  const shard = (pack: string) => readFile(join(folder, pack, "shard-000.bin"));
  expect(await shard("file")).toEqual(await shard("folder"));
  expect(fromFile.tensors).toEqual(fromFolder.tensors);

  // What only the config says (epsilon, positions, windows, scales) shows in the logits.
  const { tokens, logits } = readGolden(name);
  const { backend } = await loadModel(folderSource(join(folder, "file")), compiledKernels());
  const sequence = await backend.open();
  let at = 0;
  for (const { slice } of slices([...tokens], backend.sliceTokens))
    for (const value of await sequence.forward(slice, "all")) expect(value).toBeCloseTo(logits[at++]!, 2);
  expect(at).toBe(logits.length);
});
