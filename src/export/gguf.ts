/**
 * exportGguf: a pack as one GGUF file (version 3), with matrices in bf16 or f32, vectors in f32,
 * and its tokenizer and template.
 *
 * Source: ggml `docs/gguf.md`; names and orders are those of the architecture's own table (models/gguf-table.ts).
 */

import { cacheMetadata } from "../convert/gguf/cache-metadata.ts";
import { ConfigReader } from "../core/config-reader.ts";
import { check } from "../core/failure.ts";
import { product } from "../core/sizes.ts";
import { inverseFrequencies, rotaryConfig } from "../layers/rotary.ts";
import type { GgufPart, GgufValue } from "../models/architecture.ts";
import { positionsOf } from "../models/gguf-metadata.ts";
import { architectures } from "../models/index.ts";
import { type ExportDtype, floatBytes, floatWidth } from "./float-bytes.ts";
import { GgufHeaderWriter } from "./gguf-header.ts";
import { tokenizerMetadata } from "./gguf-tokenizer.ts";
import type { ExportOptions } from "./hugging-face.ts";
import type { PackCheckpoint } from "./pack-checkpoint.ts";
import { type ExportFile, writeOneFile } from "./target.ts";

const ALIGNMENT = 32;

/** Fails with `request_invalid` for what llama.cpp has no form of, naming the field, and where the target exists. */
export async function exportGguf(checkpoint: PackCheckpoint, target: string, options: ExportOptions): Promise<void> {
  const { manifest, model } = checkpoint;
  const gguf = architectures[model.type]?.gguf;
  const known = Object.values(architectures).flatMap(({ type, gguf: form }) => (form ? [type] : []));
  const message = () => `--gguf: expected an architecture of ${known.join(", ")}, got ${model.type}`;
  check(gguf, "request_invalid", message, "gguf");
  const config = manifest.model.config;
  const own = gguf.metadata(config, model);
  const tensors = [...checkpoint.tensors].map(([name, shape]) => {
    const part = gguf.part(name, config);
    check(part, "request_invalid", () => `--gguf: tensor ${name}: llama.cpp has no such tensor`, name);
    return { name, shape, part, files: filesOf(part, shape) };
  });
  const factors = rotaryFactors(checkpoint);
  const header = new GgufHeaderWriter(ALIGNMENT);
  const entries: [string, GgufValue | string[] | Float32Array][] = [
    ["general.architecture", gguf.architecture],
    ["general.name", manifest.name],
    ["general.type", "model"],
    ...(manifest.licence === undefined ? [] : [["general.license", manifest.licence] as [string, string]]),
    ["general.file_type", { u32: options.dtype === "f32" ? 0 : 32 }],
    ["general.quantization_version", { u32: 2 }],
    ...Object.entries(own).map(([key, value]): [string, GgufValue] => [`${gguf.architecture}.${key}`, value]),
    ...cacheMetadata(manifest.cache),
    ...tokenizerMetadata(checkpoint),
  ];
  for (const [key, value] of entries) header.meta(key, value);
  if (factors) header.tensor("rope_freqs.weight", [factors.length], "f32");
  for (const { shape, files } of tensors)
    for (const file of files) header.tensor(file.name, file.shape, dtypeOf(shape, file.name, options.dtype));
  await writeOneFile(target, async (file) => {
    await file.append(header.bytes());
    if (factors) {
      await file.append(floatBytes(factors, "f32"));
      await file.align(ALIGNMENT);
    }
    await writeTensors(checkpoint, tensors, file, options);
  });
}

/** What is multiplied is a matrix; norms, biases, taps and rates are f32, as llama.cpp wants them. */
const dtypeOf = (shape: readonly number[], name: string, dtype: ExportDtype): ExportDtype =>
  shape.length < 2 || /conv1d|shortconv\.conv|ssm_norm|ffn_gate_inp/.test(name) ? "f32" : dtype;

interface Spelled {
  name: string;
  shape: readonly number[];
  part: GgufPart;
  files: { name: string; shape: number[] }[];
}

/** The tensors of the file that one of the checkpoint becomes: equal shares of its rows. */
function filesOf({ names, shape: inFile }: GgufPart, shape: readonly number[]): Spelled["files"] {
  const whole = inFile?.(shape) ?? [...shape];
  const axis = names.length > 1 && whole.length === 3 ? 1 : 0;
  return names.map((name) => ({ name, shape: whole.map((size, i) => (i === axis ? size / names.length : size)) }));
}

async function writeTensors(
  checkpoint: PackCheckpoint,
  tensors: readonly Spelled[],
  file: ExportFile,
  { dtype, onProgress, signal }: ExportOptions,
): Promise<void> {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const total = tensors.reduce((n, { shape }) => n + product(shape), 0);
  let done = 0;
  let at = 0;
  let held: Float32Array | undefined;
  for await (const { name, values } of checkpoint.pieces(signal)) {
    const tensor = byName.get(name)!;
    const { shape, part, files } = tensor;
    const size = product(shape);
    const width = dtypeOf(shape, files[0]!.name, dtype);
    const isPlain = files.length === 1 && !part.row && !part.column;
    if (isPlain) await file.append(floatBytes(part.write ? values.map(part.write) : values, width));
    else {
      held ??= new Float32Array(size);
      held.set(values, at);
    }
    at += values.length;
    done += values.length;
    onProgress?.(done * floatWidth(dtype), total * floatWidth(dtype));
    if (at < size) continue;
    if (!isPlain) {
      const turned = placed(held!, shape, part);
      for (const share of shares(turned, shape, files.length)) {
        await file.append(floatBytes(share, width));
        await file.align(ALIGNMENT);
      }
    }
    await file.align(ALIGNMENT);
    held = undefined;
    at = 0;
  }
}

/** Values in the order of the file. */
function placed(values: Float32Array, shape: readonly number[], { row, column, write }: GgufPart): Float32Array {
  const [rows = 1] = shape;
  const width = values.length / rows;
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) {
    const to = (row?.(r) ?? r) * width;
    for (let c = 0; c < width; c++) {
      const value = values[r * width + c]!;
      out[to + (column?.(c) ?? c)] = write ? write(value) : value;
    }
  }
  return out;
}

/** Equal shares: of all rows, or with three dimensions of each index of the first. */
function shares(values: Float32Array, shape: readonly number[], count: number): Float32Array[] {
  if (count === 1) return [values];
  const turns = shape.length === 3 ? shape[0]! : 1;
  const length = values.length / turns / count;
  return Array.from({ length: count }, (_, k) => {
    const out = new Float32Array(turns * length);
    for (let t = 0; t < turns; t++) {
      const from = (t * count + k) * length;
      out.set(values.subarray(from, from + length), t * length);
    }
    return out;
  });
}

/** Of a model with Llama 3's scaling: what each frequency is divided by. */
function rotaryFactors({ manifest, model }: PackCheckpoint): Float32Array | undefined {
  const config = manifest.model.config;
  if (positionsOf(config).rope_type !== "llama3") return undefined;
  const cache = model.state.find((spec) => spec.kind === "cache");
  if (cache?.kind !== "cache") return undefined;
  const rotary = rotaryConfig(new ConfigReader(config), cache.width, { theta: 10_000, partial: 1 });
  const plain = inverseFrequencies({ ...rotary, scaling: { type: "default" } });
  const scaled = inverseFrequencies(rotary);
  return plain.map((frequency, i) => frequency / scaled[i]!);
}
