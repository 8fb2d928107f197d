import { expect, it } from "vitest";
import { packFolder } from "../../scripts/serve-pack.ts";
import { loadModel } from "../../src/backends/load-model.ts";
import { compiledKernels } from "../../src/cli/kernels.ts";
import { folderSource } from "../../src/weights/folder-source.ts";
import { runDigest } from "../support/run-digest.ts";

it("the default model's generation ends in the same state cold, warm, beside others and in another engine", async () => {
  const load = async () => (await loadModel(folderSource(packFolder()), compiledKernels())).backend;
  const backend = await load();
  const cold = await runDigest(backend, 40);
  expect(await runDigest(backend, 40, 2)).toBe(cold);
  expect(await runDigest(await load(), 40)).toBe(cold);
}, 120_000);
