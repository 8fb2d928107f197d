/** Packs that the benches need and the repository does not hold; made once, in bench/peers/build. */
import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Loaded, type LoadOptions, loadModel } from "../src/backends/load-model.ts";
import { compiledKernels } from "../src/cli/kernels.ts";
import { folderSource } from "../src/weights/folder-source.ts";

const root = join(import.meta.dirname, "..");

export const open = (folder: string, options?: LoadOptions): Promise<Loaded> =>
  loadModel(folderSource(folder), compiledKernels(), options);

/** 24 Mamba-2 and 6 attention layers of the default model's size, 4 bit, sinks 4 + window 512; random weights, for speed only. */
export function hybridPack(): string {
  const pack = join(root, "bench/peers/build/hybrid-q4");
  if (existsSync(pack)) return pack;
  const source = `${pack}-source`;
  const run = (args: string[]) => execFileSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  run(["bench/random-bamba.ts", source]);
  const cache = ["--window", "512", "--sinks", "4"];
  run(["bin/rivulet.js", "convert", source, pack, "--name", "hybrid", "--dtype", "q4", ...cache, "--no-tokenizer"]);
  rmSync(source, { recursive: true });
  return pack;
}
