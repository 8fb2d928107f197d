/**
 * convert: a checkpoint → a pack. The same source and options give the same bytes.
 *
 * The pack appears under its name only when every file of it is written. Fails with `weights_invalid` (the source) or
 * `request_invalid` (the options), naming what is wrong; then nothing is left behind.
 */
import { createHash } from "node:crypto";
import { type Golden, goldenOf } from "../backends/golden.ts";
import { loadModel } from "../backends/load-model.ts";
import type { Dtype } from "../core/dtype.ts";
import { check, Failure } from "../core/failure.ts";
import type { Model } from "../models/architecture.ts";
import { modelFrom } from "../models/index.ts";
import { type BlockRange, divide, stageOf, weightBytes } from "../models/stages.ts";
import { checkWindows } from "../weights/check-windows.ts";
import { folderSource } from "../weights/folder-source.ts";
import { type CachePolicy, type Manifest, PACK_VERSION, type StageEntry } from "../weights/manifest.ts";
import type { PackSource } from "../weights/pack-source.ts";
import { fingerprint, MANIFEST_FILE, parseManifest, payloadBytes } from "../weights/parse-manifest.ts";
import { STATED_WINDOWS } from "./checkpoint/cache-choice.ts";
import { checkCheckpoint } from "./checkpoint/check-checkpoint.ts";
import { checkText } from "./checkpoint/check-text.ts";
import type { CheckpointSource, Companions } from "./checkpoint/checkpoint-source.ts";
import { isOnnx, type OnnxSource } from "./onnx/source.ts";
import { graphCache, writeGraph } from "./pack/onnx-payload.ts";
import { PackFolder, TEMPLATE_FILE, TOKENIZER_FILE } from "./pack/pack-folder.ts";
import { PayloadWriter } from "./pack/payload-writer.ts";
import { writeWeight } from "./pack/write-weight.ts";

export interface ConvertOptions {
  dtype: Dtype;
  cache: CachePolicy;
  name?: string;
  licence?: string;
  systemPrompt?: string;
  /** Chat template, in place of the source's. */
  template?: string;
  /** Stated over what the source says; checked with the manifest. */
  generation?: Partial<Manifest["generation"]>;
  /** Measured figures for the manifest. */
  quality?: Manifest["quality"];
  /** Divide the model into so many stages, each with shards of its own. */
  stages?: number;
  /** With them the finished pack computes once, and its manifest says what came out. */
  kernels?: WebAssembly.Module;
  /** Overwrite a pack. */
  force?: boolean;
  onProgress?: (doneBytes: number, totalBytes: number, tensor: string) => void;
  signal?: AbortSignal;
}

export interface Converted {
  manifest: Manifest;
  fingerprint: string;
}

export async function convert(source: CheckpointSource, target: string, options: ConvertOptions): Promise<Converted> {
  const { facts, write } = isOnnx(source) ? graphPlan(source, options) : weightsPlan(source, options);
  const own = await source.companions();
  const companions = options.template === undefined ? own : { ...own, template: options.template };
  checkIds(facts, companions);
  checkText(facts, companions);
  const folder = await PackFolder.open(target, options.force ?? false);
  const writer = new PayloadWriter(folder.path);
  try {
    const stages = await write(writer);
    const manifest = { ...(await describe(facts, source, companions, writer, options)), ...(stages ? { stages } : {}) };
    if (companions.tokenizer) await folder.write(TOKENIZER_FILE, companions.tokenizer);
    if (companions.template !== undefined) await folder.write(TEMPLATE_FILE, encode(companions.template));
    const golden = options.kernels && (await goldenIn(folder, manifest, options.kernels));
    const bytes = written({ ...manifest, ...(golden ? { golden } : {}) });
    const checked = parseManifest(bytes);
    await folder.write(MANIFEST_FILE, bytes);
    options.signal?.throwIfAborted();
    await folder.publish();
    return { manifest: checked, fingerprint: fingerprint(bytes) };
  } catch (thrown) {
    await writer.abandon();
    await folder.abandon();
    throw thrown;
  }
}

const written = (manifest: Manifest): Uint8Array => encode(`${JSON.stringify(manifest, null, 1)}\n`);

/** A larger pack is not loaded only for this. */
const GOLDEN_MAX_BYTES = 2 ** 31;

/**
 * What the files that were written compute; nothing where onnxruntime would, whose bits are not the same everywhere.
 */
async function goldenIn(
  folder: PackFolder,
  manifest: Manifest,
  kernels: WebAssembly.Module,
): Promise<Golden | undefined> {
  if (manifest.onnx || payloadBytes(manifest) > GOLDEN_MAX_BYTES) return undefined;
  const files = folderSource(folder.path);
  const bytes = written(manifest);
  parseManifest(bytes);
  const source: PackSource = {
    read: async (file) => (file === MANIFEST_FILE ? { body: new Response(bytes).body! } : files.read(file)),
  };
  return goldenOf((await loadModel(source, kernels)).backend);
}

/** What the manifest says of the model, and how its payload is written. */
interface Plan {
  facts: Pick<Model, "type" | "V" | "parameters" | "contextLength">;
  /** Gives the stages of a divided model. */
  write(writer: PayloadWriter): Promise<StageEntry[] | undefined>;
}

function weightsPlan(source: CheckpointSource, options: ConvertOptions): Plan {
  const model = modelFrom(source.config);
  checkWindows(options.cache, model.state, STATED_WINDOWS);
  checkCheckpoint(model, source.tensors);
  const ranges = options.stages === undefined ? undefined : divide(model, options.stages, options.dtype);
  return { facts: model, write: (writer) => writeStages(model, ranges, source, writer, options) };
}

function graphPlan(source: OnnxSource, options: ConvertOptions): Plan {
  const message = () => "--stages: an ONNX graph cannot be divided";
  check(options.stages === undefined, "request_invalid", message, "stages");
  const write = async (writer: PayloadWriter) => {
    await writeGraph(source, writer, options);
    return undefined;
  };
  return { facts: source.facts, write };
}

/** A model that is not divided is written as one stage, and the pack does not call it so. */
async function writeStages(
  model: Model,
  ranges: readonly BlockRange[] | undefined,
  source: CheckpointSource,
  writer: PayloadWriter,
  { dtype, onProgress, signal }: ConvertOptions,
): Promise<StageEntry[] | undefined> {
  const parts = ranges?.map((_, k) => stageOf(model, ranges, k)) ?? [model];
  const total = parts.reduce((n, part) => n + weightBytes(part, dtype), 0);
  const ends = [{ tensors: 0, shards: 0 }];
  let done = 0;
  for (const part of parts) {
    for (const weight of part.weights) {
      signal?.throwIfAborted();
      await writeWeight(source, writer, weight, { dtype, signal });
      done += weightBytes({ weights: [weight] }, dtype);
      onProgress?.(done, total, weight.name);
    }
    if (part.exit) await writer.finish();
    else await writer.cut();
    ends.push({ tensors: writer.tensors.length, shards: writer.shards.length });
  }
  return ranges?.map(([from, to], k) => ({
    blocks: [from, to],
    tensors: [ends[k]!.tensors, ends[k + 1]!.tensors],
    shards: [ends[k]!.shards, ends[k + 1]!.shards],
  }));
}

async function describe(
  model: Plan["facts"],
  source: CheckpointSource,
  companions: Companions,
  { tensors, shards }: PayloadWriter,
  options: ConvertOptions,
): Promise<Manifest> {
  const { systemPrompt } = options;
  const dtype = isOnnx(source) ? source.onnx.dtype : options.dtype;
  const cache = isOnnx(source) ? graphCache(options.cache) : options.cache;
  const licence = options.licence ?? companions.licence;
  const { tokenizer, tokenizerConfig, template } = companions;
  return {
    format: "rivulet-pack",
    version: PACK_VERSION,
    name: options.name ?? companions.name,
    model: { type: model.type, config: source.config as Manifest["model"]["config"] },
    dtype,
    parameters: model.parameters,
    contextLength: model.contextLength,
    cache,
    generation: {
      ...companions.generation,
      ...options.generation,
      ...(systemPrompt === undefined ? {} : { systemPrompt }),
    },
    ...(licence === undefined ? {} : { licence }),
    provenance: await source.provenance(options.signal),
    ...(options.quality ? { quality: options.quality } : {}),
    ...(tokenizer ? { tokenizer: described(TOKENIZER_FILE, tokenizer) } : {}),
    ...(tokenizerConfig ? { tokenizerConfig } : {}),
    ...(template === undefined ? {} : { template: described(TEMPLATE_FILE, encode(template)) }),
    shards,
    tensors,
    ...(isOnnx(source) ? { onnx: source.onnx.decoder } : {}),
  };
}

const encode = (text: string) => new TextEncoder().encode(text);

const described = (file: string, bytes: Uint8Array) => ({
  file,
  bytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
});

function checkIds({ V }: Plan["facts"], { generation }: Companions): void {
  const wrong = [...generation.eos, ...(generation.bos === undefined ? [] : [generation.bos])].find((id) => id >= V);
  if (wrong === undefined) return;
  throw new Failure("weights_invalid", `eos_token_id, bos_token_id: expected ids below vocab_size ${V}, got ${wrong}`, {
    param: "eos_token_id",
  });
}
