/**
 * Packs of test/golden (WebAssembly) and test/golden-onnx (ONNX) in a temporary folder, made
 * once for all files of a process.
 */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { type Loaded, type LoadOptions, loadModel } from "../../src/backends/load-model.ts";
import { stageEngine } from "../../src/backends/stage-engine.ts";
import type { Engine } from "../../src/backends/wasm/engine.ts";
import { compiledKernels } from "../../src/cli/kernels.ts";
import { convert } from "../../src/convert/convert.ts";
import { openCheckpoint } from "../../src/convert/open-checkpoint.ts";
import { folderSource } from "../../src/weights/folder-source.ts";
import { loadShards, readManifest } from "../../src/weights/load-pack.ts";

const root = new URL("..", import.meta.url).pathname;
const kernels = compiledKernels();
const folder = mkdtempSync(join(inject("sharedFolder"), "packs-"));

const plain = { dtype: "f32", cache: { policy: "full", sinks: 0, dtype: "f32" } } as const;
const packs = new Map<string, Promise<string>>();

/** The pack of a folder under test/, whole or in stages. */
function packOf(checkpoint: string, stages?: number): Promise<string> {
  const key = `${checkpoint.replace("/", "-")}@${stages ?? 1}`;
  const made = packs.get(key) ?? make(checkpoint, join(folder, key), stages);
  packs.set(key, made);
  return made;
}

async function make(checkpoint: string, target: string, stages: number | undefined): Promise<string> {
  const source = await openCheckpoint(join(root, checkpoint));
  try {
    await convert(source, target, { ...plain, ...(stages ? { stages } : {}) });
    return target;
  } finally {
    await source.close();
  }
}

/** A fresh engine. */
export const load = async (checkpoint: string, options: LoadOptions = {}, stages?: number): Promise<Loaded> =>
  loadModel(folderSource(await packOf(checkpoint, stages)), kernels, options);

/** The engines of all stages. */
export async function stageEngines(checkpoint: string, stages: number): Promise<Engine[]> {
  const source = folderSource(await packOf(checkpoint, stages));
  const { manifest } = await readManifest(source);
  const parts = manifest.stages!.map((_, k) => stageEngine(manifest, k, kernels));
  await loadShards(
    source,
    manifest,
    parts.map(({ area }) => area),
  );
  return parts.map(({ start }) => start());
}
