/**
 * parseManifest: bytes of a manifest.json → a Manifest that can be trusted to describe its own payload.
 *
 * Checked here: every field, and that shards and tensors tile the payload without gap or overlap.
 * Nothing of the payload is read.
 * Fails with `weights_invalid`, naming the field, what was expected and what came.
 */
import { matrixBytes, vectorBytes } from "../core/dtype.ts";
import { Failure } from "../core/failure.ts";
import { fieldPath } from "../core/field-path.ts";
import { sha256 } from "../core/sha256.ts";
import { padTo, product } from "../core/sizes.ts";
import { parseJson } from "../core/strict-json.ts";
import {
  type Manifest,
  manifestSchema,
  type OnnxDecoder,
  SHARD_MAX_BYTES,
  TENSOR_ALIGN,
  type TensorEntry,
} from "./manifest.ts";

export const MANIFEST_FILE = "manifest.json";
export const MANIFEST_MAX_BYTES = 8 * 1024 * 1024;
export const TOKENIZER_MAX_BYTES = 64 * 1024 * 1024;
export const TEMPLATE_MAX_BYTES = 1024 * 1024;

/** SHA-256 of the manifest's bytes: the model's identity. */
export const fingerprint = (bytes: Uint8Array): string => sha256(bytes);

export function parseManifest(bytes: Uint8Array): Manifest {
  const json = parseJson(bytes, { where: MANIFEST_FILE, maxBytes: MANIFEST_MAX_BYTES });
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    refuseManifest(fieldPath(issue.path), `${issue.message}, got ${show(issue.path, json)}`);
  }
  checkFiles(parsed.data);
  checkTensors(parsed.data);
  checkStages(parsed.data);
  return parsed.data;
}

/** Where each shard begins in the payload; one more entry for its end. */
export function shardStarts(manifest: Pick<Manifest, "shards">): number[] {
  const starts = [0];
  for (const shard of manifest.shards) starts.push(starts.at(-1)! + shard.bytes);
  return starts;
}

export const payloadBytes = (manifest: Pick<Manifest, "shards">): number => shardStarts(manifest).at(-1)!;

function checkFiles({ shards, tokenizer, template, cache }: Manifest): void {
  const seen = new Set<string>([MANIFEST_FILE]);
  const check = (at: string, { file, bytes }: { file: string; bytes: number }, maxBytes: number) => {
    if (seen.has(file)) refuseManifest(`${at}.file`, `expected a name of its own, got ${JSON.stringify(file)} again`);
    if (bytes < 1 || bytes > maxBytes) refuseManifest(`${at}.bytes`, `expected 1…${maxBytes}, got ${bytes}`);
    seen.add(file);
  };
  shards.forEach((shard, i) => {
    check(`shards[${i}]`, shard, SHARD_MAX_BYTES);
  });
  if (tokenizer) check("tokenizer", tokenizer, TOKENIZER_MAX_BYTES);
  if (template) check("template", template, TEMPLATE_MAX_BYTES);
  if (cache.policy === "window" && cache.window === undefined)
    refuseManifest("cache.window", "expected a number, got nothing");
  if (cache.policy === "full" && cache.windows !== undefined)
    refuseManifest("cache.windows", 'expected nothing, as cache.policy is "full"');
}

/**
 * Tensors lie in order, each at the first aligned byte after the one before; the last ends where the last shard ends.
 */
function checkTensors(manifest: Manifest): void {
  const starts = shardStarts(manifest);
  const names = new Set<string>();
  const stageFirst = new Set(manifest.stages?.map(({ tensors: [first] }) => first));
  const counted = new Map<string, number>();
  let end = 0;
  manifest.tensors.forEach((tensor, i) => {
    const at = `tensors[${i}]`;
    if (stageFirst.has(i)) names.clear();
    if (names.has(tensor.name))
      refuseManifest(`${at}.name`, `expected a name of its own, got ${JSON.stringify(tensor.name)} again`);
    names.add(tensor.name);
    if ((tensor.kind === "file") !== (manifest.onnx !== undefined))
      refuseManifest(
        `${at}.kind`,
        `expected ${manifest.onnx ? '"file", as onnx is given' : "no file, as onnx is not given"}`,
      );
    const parameters = elements(tensor, at);
    if ((counted.get(tensor.name) ?? parameters) !== parameters)
      refuseManifest(
        `${at}.shape`,
        `expected the ${counted.get(tensor.name)} values of its other copy, got ${parameters}`,
      );
    counted.set(tensor.name, parameters);
    const expected = tensorBytes(tensor, at);
    if (tensor.bytes !== expected) {
      refuseManifest(`${at}.bytes`, `expected ${expected} for ${tensor.dtype} [${tensor.shape}], got ${tensor.bytes}`);
    }
    const shard = manifest.shards[tensor.shard];
    if (!shard) refuseManifest(`${at}.shard`, `expected less than ${manifest.shards.length}, got ${tensor.shard}`);
    if (tensor.offset >= shard.bytes)
      refuseManifest(`${at}.offset`, `expected less than ${shard.bytes}, got ${tensor.offset}`);
    const start = starts[tensor.shard]! + tensor.offset;
    const next = padTo(end, TENSOR_ALIGN);
    if (start !== next) refuseManifest(`${at}.offset`, `expected the tensor at payload byte ${next}, got ${start}`);
    end = start + tensor.bytes;
  });
  if (end !== starts.at(-1))
    refuseManifest("shards", `expected ${end} bytes in all, as the tensors need, got ${starts.at(-1)}`);
  const parameters = [...counted.values()].reduce((a, b) => a + b, 0);
  if (manifest.onnx) checkGraph(manifest.onnx, names);
  else if (parameters !== manifest.parameters)
    refuseManifest("parameters", `expected ${parameters}, got ${manifest.parameters}`);
}

/**
 * Stages take blocks, tensors and shards in order and leave none out; each begins its own
 * shard and ends within its last.
 */
function checkStages({ stages = [], onnx, tensors, shards }: Manifest): void {
  if (stages.length > 0 && onnx) refuseManifest("stages", "expected none, as onnx is given");
  const starts = shardStarts({ shards });
  const ends = { blocks: 0, tensors: 0, shards: 0 };
  stages.forEach((stage, k) => {
    for (const part of ["blocks", "tensors", "shards"] as const) {
      const [from, to] = stage[part];
      const least = part === "blocks" ? from : from + 1;
      if (from !== ends[part]) refuseManifest(`stages[${k}].${part}[0]`, `expected ${ends[part]}, got ${from}`);
      if (to < least) refuseManifest(`stages[${k}].${part}[1]`, `expected at least ${least}, got ${to}`);
      ends[part] = to;
    }
    const [first, last] = [tensors[stage.tensors[0]], tensors[stage.tensors[1] - 1]];
    if (!first || !last || stage.shards[1] > shards.length) return; // said below
    if (first.shard !== stage.shards[0] || first.offset !== 0)
      refuseManifest(`stages[${k}].tensors[0]`, `expected a tensor at the start of shard ${stage.shards[0]}`);
    if (starts[last.shard]! + last.offset + last.bytes > starts[stage.shards[1]]!)
      refuseManifest(`stages[${k}].shards[1]`, `expected the shard where tensor ${last.name} ends`);
  });
  if (stages.length === 0) return;
  if (ends.tensors !== tensors.length)
    refuseManifest("stages", `expected ${tensors.length} tensors in all, got ${ends.tensors}`);
  if (ends.shards !== shards.length)
    refuseManifest("stages", `expected ${shards.length} shards in all, got ${ends.shards}`);
}

function checkGraph({ graph, state }: OnnxDecoder, files: ReadonlySet<string>): void {
  if (!files.has(graph))
    refuseManifest("onnx.graph", `expected the name of one of tensors, got ${JSON.stringify(graph)}`);
  const seen = new Set<string>();
  state.forEach(({ past, present, shape, grows }, i) => {
    if (seen.has(past) || seen.has(present)) refuseManifest(`onnx.state[${i}]`, "expected names of its own");
    seen.add(past).add(present);
    if (grows !== undefined && grows >= shape.length)
      refuseManifest(`onnx.state[${i}].grows`, `expected less than ${shape.length}, got ${grows}`);
  });
}

function elements(tensor: TensorEntry, at: string): number {
  try {
    return product(tensor.shape);
  } catch (cause) {
    return refuseManifest(`${at}.shape`, (cause as Error).message);
  }
}

function tensorBytes({ kind, dtype, shape }: TensorEntry, at: string): number {
  if (kind === "vector") {
    if (dtype !== "f32") refuseManifest(`${at}.dtype`, `expected "f32" for a vector, got ${JSON.stringify(dtype)}`);
    return vectorBytes(shape);
  }
  if (kind === "file") {
    if (shape.length !== 1) refuseManifest(`${at}.shape`, `expected (bytes) for a file, got [${shape}]`);
    return shape[0]!;
  }
  if (shape.length !== 2) refuseManifest(`${at}.shape`, `expected (R, C) for a matrix, got [${shape}]`);
  return matrixBytes(dtype, shape[0]!, shape[1]!);
}

function show(path: readonly PropertyKey[], json: unknown): string {
  const value = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], json);
  return value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value)).slice(0, 80);
}

/** Fails with `weights_invalid`, naming the field of the manifest. */
export function refuseManifest(field: string, message: string): never {
  throw new Failure("weights_invalid", `${MANIFEST_FILE}: ${field ? `${field}: ` : ""}${message}`, {
    param: field || MANIFEST_FILE,
  });
}
