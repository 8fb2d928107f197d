/**
 * openSafetensors: a Hugging Face folder (config.json, one or many .safetensors files,
 * tokenizer files when there are any).
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";
import { textConfig } from "../../models/index.ts";
import { ByteFile } from "../checkpoint/byte-file.ts";
import { type CheckpointSource, rowsOf, type TokenizerOptions } from "../checkpoint/checkpoint-source.ts";
import { bf16, f16, f32 } from "../checkpoint/floats.ts";
import { readCompanions } from "../checkpoint/folder-companions.ts";
import { readJsonObject } from "../checkpoint/small-file.ts";
import { respelled } from "../checkpoint/spelling.ts";
import { settledTie } from "../checkpoint/tied-head.ts";
import { readSafetensorsHeader, type SafeTensor } from "./header.ts";

const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const decoders: Record<string, (bytes: Uint8Array<ArrayBuffer>) => Float32Array> = { F32: f32, F16: f16, BF16: bf16 };

type Located = SafeTensor & { file: ByteFile };

export async function openSafetensors(folder: string, options: TokenizerOptions = {}): Promise<CheckpointSource> {
  const names = await readdir(folder);
  if (!names.includes("config.json")) refuse(folder, "config.json: no such file");
  const config = textConfig(await readJsonObject(join(folder, "config.json")));
  const opened: ByteFile[] = [];
  const close = async () => void (await Promise.all(opened.map((file) => file.close())));
  try {
    const index = await weightFiles(folder, names);
    const tensors = new Map<string, Located>();
    for (const name of index.files) {
      const file = await ByteFile.open(join(folder, name));
      opened.push(file);
      for (const [tensor, entry] of await readSafetensorsHeader(file)) {
        const other = tensors.get(tensor);
        if (other) refuse(name, `tensor ${tensor}: also in ${other.file.name}`);
        tensors.set(tensor, { ...entry, file });
      }
    }
    checkIndex(index.map, tensors);
    const spelled = respelled(config.model_type, {
      tensors: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
      rows: (name, from, to) => readRows(name, tensors.get(name)!, from, to),
    });
    return {
      ...(await settledTie({ config, ...spelled })),
      companions: () => readCompanions(folder, names, config, options),
      provenance: async (signal) => {
        const files = [];
        for (const file of opened) files.push(await file.identity(signal));
        return { format: "safetensors", files };
      },
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Which files hold the weights: the single one, else those of the index, else every .safetensors of the folder. */
async function weightFiles(
  folder: string,
  names: string[],
): Promise<{ files: string[]; map?: Record<string, unknown> }> {
  if (names.includes(SINGLE)) return { files: [SINGLE] };
  if (names.includes(INDEX)) {
    const { weight_map: map } = await readJsonObject(join(folder, INDEX));
    if (typeof map !== "object" || map === null || Array.isArray(map)) refuse(INDEX, "weight_map: expected an object");
    const files = [...new Set(Object.values(map))].map((file) => {
      if (typeof file === "string" && /^[^/\\]+\.safetensors$/.test(file)) return file;
      return refuse(INDEX, `weight_map: expected file names ending in .safetensors, got ${JSON.stringify(file)}`);
    });
    return { files: files.sort(), map: map as Record<string, unknown> };
  }
  const files = names.filter((name) => name.endsWith(".safetensors")).sort();
  if (files.length === 0) refuse(folder, "no .safetensors file in this folder");
  for (const name of files) {
    const [, stem, , of] = /^(.+)-(\d{5})-of-(\d{5})\.safetensors$/.exec(name) ?? [];
    for (let i = 1; of && i <= Number(of); i++) {
      const part = `${stem}-${String(i).padStart(5, "0")}-of-${of}.safetensors`;
      if (!files.includes(part)) refuse(folder, `${part}: no such file`);
    }
  }
  return { files };
}

function checkIndex(map: Record<string, unknown> | undefined, tensors: ReadonlyMap<string, Located>): void {
  for (const [name, file] of Object.entries(map ?? {})) {
    if (tensors.get(name)?.file.name !== file) refuse(INDEX, `weight_map: tensor ${name} is not in ${file}`);
  }
}

async function readRows(name: string, tensor: Located, from: number, to: number): Promise<Float32Array> {
  const decode = decoders[tensor.dtype];
  if (!decode) refuse(tensor.file.name, `tensor ${name}: expected dtype F32, F16 or BF16, got ${tensor.dtype}`);
  const rowBytes = tensor.bytes / rowsOf(tensor.shape).rows;
  return decode(await tensor.file.read(tensor.start + from * rowBytes, (to - from) * rowBytes));
}

function refuse(where: string, message: string): never {
  throw new Failure("weights_invalid", `${where}: ${message}`, { param: where });
}
