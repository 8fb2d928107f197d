/** openCheckpoint: the source that a path names, by what lies there. */
import { stat } from "node:fs/promises";
import { Failure } from "../core/failure.ts";
import type { CheckpointSource, TokenizerOptions } from "./checkpoint/checkpoint-source.ts";
import { openGguf } from "./gguf/source.ts";
import { findOnnx, openOnnx } from "./onnx/source.ts";
import { openSafetensors } from "./safetensors/source.ts";

export async function openCheckpoint(path: string, options: TokenizerOptions = {}): Promise<CheckpointSource> {
  const found = await stat(path).catch((cause) => {
    throw new Failure("weights_invalid", `${path}: no such file or folder`, { param: path, cause });
  });
  if (found.isDirectory()) {
    const graph = await findOnnx(path);
    return graph === undefined ? openSafetensors(path, options) : openOnnx(graph, options);
  }
  if (/\.onnx$/i.test(path)) return openOnnx(path, options);
  if (/\.gguf$/i.test(path)) return openGguf(path, options);
  throw new Failure("weights_invalid", `${path}: expected a folder with config.json, an .onnx or a .gguf file`, {
    param: path,
  });
}
