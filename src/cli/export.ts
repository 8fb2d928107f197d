/** rivulet export: a pack → a Hugging Face folder, or a GGUF file. */
import { type Command, Option } from "commander";
import type { ExportDtype } from "../export/float-bytes.ts";
import { exportGguf } from "../export/gguf.ts";
import { exportHuggingFace } from "../export/hugging-face.ts";
import { openPackCheckpoint } from "../export/pack-checkpoint.ts";
import { progressOn } from "./progress.ts";

interface Options {
  gguf?: boolean;
  dtype: ExportDtype;
}

export function register(program: Command): void {
  program
    .command("export")
    .description("write a pack as a Hugging Face folder, or as a GGUF file")
    .argument("<pack>", "folder of the pack")
    .argument("<target>", "folder to write, or with --gguf the file; it appears only when complete")
    .option("--gguf", "one .gguf file, as llama.cpp reads it")
    .addOption(new Option("--dtype <dtype>", "how matrices are stored").choices(["bf16", "f32"]).default("bf16"))
    .action(run);
}

async function run(pack: string, target: string, { gguf, dtype }: Options): Promise<void> {
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const progress = progressOn(process.stderr, "exporting");
  try {
    const checkpoint = await openPackCheckpoint(pack);
    const options = { dtype, onProgress: progress.show, signal: interrupt.signal };
    await (gguf ? exportGguf(checkpoint, target, options) : exportHuggingFace(checkpoint, target, options));
    progress.end();
    const { manifest, model } = checkpoint;
    const from =
      (manifest.dtype as string) === dtype || manifest.dtype === "f32" ? "" : `, dequantised from ${manifest.dtype}`;
    process.stdout.write(`${target}: ${model.type}, ${dtype}${from}\n`);
  } finally {
    progress.end();
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}
