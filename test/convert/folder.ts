/** Hugging Face folders for the converter's tests: the tiny Llama of the fixtures, whole or changed. */
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Converted, type ConvertOptions, convert } from "../../src/convert/convert.ts";
import { openCheckpoint } from "../../src/convert/open-checkpoint.ts";
import { fixture, safetensors, writeFiles } from "./sample-files.ts";

export const tinyLlama = fixture("tiny-llama");

export interface Tensor {
  dtype: string;
  shape: number[];
  data: Uint8Array;
}

/** Tensors of a .safetensors file. */
export async function readTensors(path: string): Promise<Map<string, Tensor>> {
  const bytes = await readFile(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + length)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = Object.entries(header).filter(([name]) => name !== "__metadata__");
  return new Map(
    tensors.map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => [name, { dtype, shape, data: Uint8Array.from(bytes.subarray(8 + length + from, 8 + length + to)) }],
    ),
  );
}

export function writeTensors(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  const header: Record<string, unknown> = {};
  let at = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [at, at + data.length] };
    at += data.length;
  }
  return safetensors(header, Buffer.concat([...tensors.values()].map(({ data }) => data)));
}

export interface Change {
  config?: Record<string, unknown>;
  tensors?: (tensors: Map<string, Tensor>) => void;
  tokenizer?: (file: { model: { vocab: Record<string, number> } }) => void;
  files?: Record<string, string>;
}

/** The tiny Llama in `folder`, changed. */
export async function changedFolder(folder: string, { config, tensors, tokenizer, files }: Change): Promise<string> {
  const copy = join(folder, "source");
  await cp(tinyLlama, copy, { recursive: true });
  if (config) {
    const found = JSON.parse(await readFile(join(copy, "config.json"), "utf8"));
    await writeFiles(copy, { "config.json": JSON.stringify({ ...found, ...config }) });
  }
  if (tensors) {
    const found = await readTensors(join(copy, "model.safetensors"));
    tensors(found);
    await writeFiles(copy, { "model.safetensors": writeTensors(found) });
  }
  if (tokenizer) {
    const found = JSON.parse(await readFile(join(copy, "tokenizer.json"), "utf8"));
    tokenizer(found);
    await writeFiles(copy, { "tokenizer.json": JSON.stringify(found) });
  }
  await writeFiles(copy, files ?? {});
  return copy;
}

const defaults: ConvertOptions = { dtype: "f32", cache: { policy: "full", sinks: 0, dtype: "f32" } };

export async function converted(from: string, to: string, options: Partial<ConvertOptions> = {}): Promise<Converted> {
  const source = await openCheckpoint(from);
  try {
    return await convert(source, to, { ...defaults, ...options });
  } finally {
    await source.close();
  }
}
