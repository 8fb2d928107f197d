/** What the benches load: the default hybrid, and the transformer of its size that it was distilled from. */
import { join } from "node:path";
import { packFolder } from "../scripts/serve-pack.ts";
import { type Loaded, type LoadOptions, loadModel } from "../src/backends/load-model.ts";
import { compiledKernels } from "../src/cli/kernels.ts";
import { folderSource } from "../src/weights/folder-source.ts";

export const hybridPack = packFolder();
/** Sinks 4 + window 384, 4 bit. */
export const transformerPack = join(import.meta.dirname, "../models/smollm2-135m-instruct");

export const open = (folder: string, options?: LoadOptions): Promise<Loaded> =>
  loadModel(folderSource(folder), compiledKernels(), options);
