/** Packs of test/golden (WebAssembly) and test/golden-onnx (ONNX) in a temporary folder, made once and removed after the file's tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type Loaded, type LoadOptions, loadModel } from "../../src/backends/load-model.ts";
import { compiledKernels } from "../../src/cli/kernels.ts";
import { convert } from "../../src/convert/convert.ts";
import { openCheckpoint } from "../../src/convert/open-checkpoint.ts";
import { folderSource } from "../../src/weights/folder-source.ts";

const root = new URL("..", import.meta.url).pathname;
const kernels = compiledKernels();
const folder = mkdtempSync(join(tmpdir(), "rivulet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const packs = new Map<string, Promise<string>>();

/** The pack of a folder under test/. */
export function packOf(checkpoint: string): Promise<string> {
  const made = packs.get(checkpoint) ?? make(checkpoint);
  packs.set(checkpoint, made);
  return made;
}

async function make(checkpoint: string): Promise<string> {
  const target = join(folder, checkpoint.replace("/", "-"));
  const source = await openCheckpoint(join(root, checkpoint));
  try {
    await convert(source, target, { dtype: "f32", cache: { policy: "full", sinks: 0, dtype: "f32" } });
    return target;
  } finally {
    await source.close();
  }
}

/** A fresh engine. */
export const load = async (checkpoint: string, options: LoadOptions = {}): Promise<Loaded> =>
  loadModel(folderSource(await packOf(checkpoint)), kernels, options);
