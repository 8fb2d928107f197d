/**
 * exportHuggingFace: a pack as a Hugging Face folder: config.json, safetensors files, tokenizer, template,
 * generation defaults and a card.
 *
 * Weights are dequantised. What a pack's cache policy bounds (sinks and windows that the checkpoint itself has not)
 * stands in a field that transformers ignores, `rivulet_cache`.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { statedCache } from "../convert/checkpoint/cache-choice.ts";
import { product } from "../core/sizes.ts";
import { type ExportDtype, floatBytes, floatWidth } from "./float-bytes.ts";
import { ownNorm } from "./own-norm.ts";
import type { PackCheckpoint } from "./pack-checkpoint.ts";
import { ExportFile, writeFolder } from "./target.ts";

export interface ExportOptions {
  dtype: ExportDtype;
  onProgress?: (doneBytes: number, totalBytes: number) => void;
  signal?: AbortSignal;
  /** Of one weights file. */
  shardBytes?: number;
}

const SHARD_BYTES = 5_000_000_000;
const names = { f32: { header: "F32", config: "float32" }, bf16: { header: "BF16", config: "bfloat16" } };

/** Fails with `request_invalid` where the target exists. */
export async function exportHuggingFace(
  checkpoint: PackCheckpoint,
  target: string,
  options: ExportOptions,
): Promise<void> {
  await writeFolder(target, async (folder) => {
    await writeWeights(checkpoint, folder, options);
    for (const [name, content] of Object.entries(companions(checkpoint, options.dtype)))
      await writeFile(join(folder, name), content);
  });
}

/** Tensors in runs of at most so many bytes, at least one each. */
function divided(tensors: PackCheckpoint["tensors"], width: number, most: number): [string, readonly number[]][][] {
  const files: [string, readonly number[]][][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const [name, shape] of tensors) {
    const size = width * product(shape);
    if (bytes + size > most) {
      files.push([]);
      bytes = 0;
    }
    files.at(-1)!.push([name, shape]);
    bytes += size;
  }
  return files;
}

async function writeWeights(checkpoint: PackCheckpoint, folder: string, options: ExportOptions): Promise<void> {
  const { dtype, onProgress, signal, shardBytes = SHARD_BYTES } = options;
  const width = floatWidth(dtype);
  const files = divided(checkpoint.tensors, width, shardBytes);
  const total = [...checkpoint.tensors.values()].reduce((n, shape) => n + width * product(shape), 0);
  const fileName = (i: number) =>
    files.length === 1 ? "model.safetensors" : `model-${number(i + 1)}-of-${number(files.length)}.safetensors`;
  const placed = new Map(files.flatMap((tensors, i) => tensors.map(([name]) => [name, i])));
  let at = -1;
  let file: ExportFile | undefined;
  let done = 0;
  try {
    for await (const { name, values } of checkpoint.pieces(signal)) {
      const i = placed.get(name)!;
      if (i !== at) {
        await file?.close();
        file = await ExportFile.create(join(folder, fileName(i)));
        await file.append(headerOf(files[i]!, dtype));
        at = i;
      }
      await file!.append(floatBytes(values, dtype));
      done += width * values.length;
      onProgress?.(done, total);
    }
  } finally {
    await file?.close();
  }
  if (files.length === 1) return;
  const map = Object.fromEntries([...placed].map(([name, i]) => [name, fileName(i)]));
  await writeFile(
    join(folder, "model.safetensors.index.json"),
    json({ metadata: { total_size: total }, weight_map: map }),
  );
}

const number = (i: number): string => String(i).padStart(5, "0");

/** Length, and JSON padded to eight bytes. */
function headerOf(tensors: readonly [string, readonly number[]][], dtype: ExportDtype): Uint8Array {
  let at = 0;
  const entries = tensors.map(([name, shape]) => {
    const from = at;
    at += floatWidth(dtype) * product(shape);
    return [name, { dtype: names[dtype].header, shape, data_offsets: [from, at] }];
  });
  const text = JSON.stringify({ __metadata__: { format: "pt" }, ...Object.fromEntries(entries) });
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(8 + Math.ceil(bytes.length / 8) * 8).fill(32);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(bytes, 8);
  return padded;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Fields that Python types as floats: an integer there is refused, so it is written with a point. */
const isFloat =
  /(eps|epsilon|theta|_factor|multipliers?|scaling|coefficient|dropout|_range|_limit|temperature|top_p|penalty|_freq|time_step_(min|max|floor)|a_log_(min|max))$/;

/** JSON as Python writes it. */
function pythonJson(value: unknown, field = "", indent = ""): string {
  if (typeof value === "number")
    return Number.isSafeInteger(value) && isFloat.test(field) ? `${value}.0` : JSON.stringify(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const lines = isList
    ? value.map((item) => inner + pythonJson(item, field, inner))
    : Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${pythonJson(item, key, inner)}`);
  const [open, close] = isList ? "[]" : "{}";
  return lines.length === 0 ? `${open}${close}` : `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

function companions({ manifest, tokenizer, template }: PackCheckpoint, dtype: ExportDtype): Record<string, string> {
  const { generation, licence, name, provenance, tokenizerConfig } = manifest;
  const { torch_dtype: _, quantization_config: __, rivulet_cache: ___, ...config } = manifest.model.config;
  const { eos, bos, temperature, topP, topK, repetitionPenalty } = generation;
  const sampling = { temperature, top_p: topP, top_k: topK, repetition_penalty: repetitionPenalty };
  const stated = Object.entries(sampling).filter(([, value]) => value !== undefined);
  const defaults = {
    ...(bos === undefined ? {} : { bos_token_id: bos }),
    ...(eos.length > 0 ? { eos_token_id: eos.length === 1 ? eos[0] : eos } : {}),
    ...(stated.length > 0 ? { do_sample: true, ...Object.fromEntries(stated) } : {}),
  };
  const own = ownNorm(config);
  return {
    "config.json": `${pythonJson({ ...config, ...statedCache(manifest.cache), ...own?.fields, dtype: names[dtype].config })}\n`,
    ...(own ? { "modeling_rivulet.py": own.code } : {}),
    "generation_config.json": `${pythonJson(defaults)}\n`,
    ...(tokenizer === undefined ? {} : { "tokenizer.json": tokenizer }),
    ...(tokenizer === undefined
      ? {}
      : { "tokenizer_config.json": json({ tokenizer_class: "PreTrainedTokenizerFast", ...tokenizerConfig }) }),
    ...(template === undefined ? {} : { "chat_template.jinja": template }),
    "README.md": card(name, licence, manifest.dtype, provenance),
  };
}

function card(name: string, licence: string | undefined, dtype: string, provenance: object): string {
  const front = licence === undefined ? "" : `---\nlicense: ${licence}\n---\n\n`;
  const from = JSON.stringify(provenance, null, 1);
  return `${front}# ${name}\n\nExported from a Rivulet pack of dtype ${dtype}: matrices are what that rounding left of them. The pack says of its origin:\n\n\`\`\`json\n${from}\n\`\`\`\n`;
}
