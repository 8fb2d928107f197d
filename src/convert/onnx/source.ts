/**
 * openOnnx: a folder with an ONNX decoder (config.json, .onnx and its external data, tokenizer
 * files), or one .onnx file of it.
 *
 * The graph goes into the pack as it is; what is checked is that it is a decoder whose state this project can hold.
 */
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ConfigReader } from "../../core/config-reader.ts";
import type { Dtype } from "../../core/dtype.ts";
import type { Model } from "../../models/architecture.ts";
import type { OnnxDecoder } from "../../weights/manifest.ts";
import { ByteFile } from "../checkpoint/byte-file.ts";
import type { CheckpointSource, TokenizerOptions } from "../checkpoint/checkpoint-source.ts";
import { readCompanions } from "../checkpoint/folder-companions.ts";
import { readJsonObject } from "../checkpoint/small-file.ts";
import { describeDecoder, refuse } from "./decoder.ts";
import { type Graph, readGraph } from "./graph.ts";

export interface OnnxSource extends CheckpointSource {
  onnx: { decoder: OnnxDecoder; files: ByteFile[]; dtype: Dtype };
  /** What `convert` asks of a model. */
  facts: Pick<Model, "type" | "V" | "parameters" | "contextLength">;
}

export const isOnnx = (source: CheckpointSource): source is OnnxSource => "onnx" in source;

/** The graph of a folder: the only .onnx file in it or in its `onnx` folder; undefined when there is none. */
export async function findOnnx(folder: string): Promise<string | undefined> {
  for (const place of [folder, join(folder, "onnx")]) {
    const names = (await readdir(place).catch(() => [])).filter((name) => name.endsWith(".onnx")).toSorted();
    if (names.length > 1)
      refuse(place, `expected one .onnx file, got ${names.join(", ")}; give the path of one of them`);
    if (names[0] !== undefined) return join(place, names[0]);
  }
  return undefined;
}

export async function openOnnx(path: string, options: TokenizerOptions = {}): Promise<OnnxSource> {
  const place = dirname(path);
  const folder = basename(place) === "onnx" ? dirname(place) : place;
  const names = await readdir(folder);
  if (!names.includes("config.json")) refuse(folder, "config.json: no such file");
  const config = await readJsonObject(join(folder, "config.json"));
  const files: ByteFile[] = [];
  const close = async () => void (await Promise.all(files.map((file) => file.close())));
  try {
    files.push(await ByteFile.open(path));
    const [main] = files as [ByteFile];
    const graph = readGraph(await main.read(0, main.size), main.name);
    for (const [name, bytes] of graph.external) files.push(await openExternal(place, name, bytes));
    const read = new ConfigReader(config);
    const decoder = describeDecoder(graph, main.name, read.int("vocab_size"));
    return {
      config,
      tensors: new Map(),
      rows: () => refuse(main.name, "the weights of a graph are not read one by one"),
      companions: () => readCompanions(folder, names, config, options),
      provenance: async (signal) => {
        const identities = [];
        for (const file of files) identities.push(await file.identity(signal));
        return { format: "onnx", files: identities };
      },
      close,
      onnx: { decoder, files, dtype: dtypeOf(graph) },
      facts: {
        type: read.string("model_type"),
        V: decoder.vocab,
        parameters: [...graph.elements.values()].reduce((a, b) => a + b, 0),
        contextLength: contextOf(read, decoder),
      },
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

async function openExternal(folder: string, name: string, bytes: number): Promise<ByteFile> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) refuse(name, "external data: expected a plain file name");
  const file = await ByteFile.open(join(folder, name));
  if (file.size >= bytes) return file;
  await file.close();
  return refuse(name, `expected at least ${bytes} bytes, got ${file.size}`);
}

/** A state that grows ends somewhere; one that does not has no limit. */
function contextOf(read: ConfigReader, { state }: OnnxDecoder): number {
  const grows = state.some((spec) => spec.grows !== undefined);
  return read.int("max_position_embeddings", grows ? undefined : 2 ** 31 - 1);
}

/** How most of the weights are stored: 4-bit ones come as bytes, and their operator tells. */
function dtypeOf({ elements, operators }: Graph): Dtype {
  if (operators.has("MatMulNBits") || operators.has("GatherBlockQuantized")) return "q4";
  const of = (...types: number[]) => types.reduce((n, type) => n + (elements.get(type) ?? 0), 0);
  const sizes: [Dtype, number][] = [
    ["f32", of(1)],
    ["f16", of(10, 16)],
    ["q8", of(2, 3)],
    ["q4", of(21, 22)],
  ];
  return sizes.toSorted(([, a], [, b]) => b - a)[0]![0];
}
