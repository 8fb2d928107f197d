/**
 * convert: a checkpoint → a pack. The same source and options give the same bytes.
 *
 * The pack appears under its name only when every file of it is written. Fails with `weights_invalid` (the source) or `request_invalid`
 * (the options), naming what is wrong; then nothing is left behind.
 */
import { createHash } from "node:crypto";
import { type Dtype, matrixBytes, vectorBytes } from "../core/dtype.ts";
import { Failure } from "../core/failure.ts";
import type { Model } from "../models/define.ts";
import { modelFrom } from "../models/index.ts";
import { type CachePolicy, type Manifest, PACK_VERSION } from "../weights/manifest.ts";
import { fingerprint, MANIFEST_FILE, parseManifest } from "../weights/parse-manifest.ts";
import { checkCheckpoint } from "./check-checkpoint.ts";
import type { CheckpointSource, Companions } from "./checkpoint-source.ts";
import { graphCache, writeGraph } from "./onnx-payload.ts";
import { isOnnx, type OnnxSource } from "./onnx-source.ts";
import { PackFolder, TEMPLATE_FILE, TOKENIZER_FILE } from "./pack-folder.ts";
import { PayloadWriter } from "./payload-writer.ts";
import { writeWeight } from "./write-weight.ts";

export interface ConvertOptions {
  dtype: Dtype;
  cache: CachePolicy;
  name?: string;
  licence?: string;
  systemPrompt?: string;
  /** Stated over what the source says; checked with the manifest. */
  generation?: Partial<Manifest["generation"]>;
  /** Measured figures for the manifest. */
  quality?: Manifest["quality"];
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
  const { facts, write } = isOnnx(source) ? graphPlan(source) : weightsPlan(source);
  const companions = await source.companions();
  checkIds(facts, companions);
  const folder = await PackFolder.open(target, options.force ?? false);
  const writer = new PayloadWriter(folder.path);
  try {
    await write(writer, options);
    const manifest = await describe(facts, source, companions, writer, options);
    const bytes = new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`);
    const checked = parseManifest(bytes);
    if (companions.tokenizer) await folder.write(TOKENIZER_FILE, companions.tokenizer);
    if (companions.template !== undefined) await folder.write(TEMPLATE_FILE, encode(companions.template));
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

/** What the manifest says of the model, and how its payload is written. */
interface Plan {
  facts: Pick<Model, "type" | "V" | "parameters" | "contextLength">;
  write(writer: PayloadWriter, options: ConvertOptions): Promise<void>;
}

function weightsPlan(source: CheckpointSource): Plan {
  const model = modelFrom(source.config);
  checkCheckpoint(model, source.tensors);
  return { facts: model, write: (writer, options) => writeWeights(model, source, writer, options) };
}

const graphPlan = (source: OnnxSource): Plan => ({
  facts: source.facts,
  write: (writer, options) => writeGraph(source, writer, options),
});

async function writeWeights(
  model: Model,
  source: CheckpointSource,
  writer: PayloadWriter,
  options: ConvertOptions,
): Promise<void> {
  const { dtype, onProgress, signal } = options;
  const size = ({ kind, shape }: Model["weights"][number]) =>
    kind === "matrix" ? matrixBytes(dtype, shape[0]!, shape[1]!) : vectorBytes(shape);
  const total = model.weights.reduce((n, weight) => n + size(weight), 0);
  let done = 0;
  for (const weight of model.weights) {
    signal?.throwIfAborted();
    await writeWeight(source, writer, weight, { dtype, signal });
    done += size(weight);
    onProgress?.(done, total, weight.name);
  }
  await writer.finish();
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
