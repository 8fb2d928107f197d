/**
 * loadPack: a pack's files, checked, with the payload streamed to its place in WebAssembly memory.
 *
 * The payload exists once: each chunk goes from the source to its address. Order: manifest, place, shards, tokenizer, template.
 * Fails with `weights_unavailable` (try later) or `weights_invalid`; then the place holds zeros, nothing of the pack.
 */
import { Failure } from "../core/failure.ts";
import type { Manifest } from "./manifest.ts";
import type { PackSource } from "./pack-source.ts";
import {
  fingerprint,
  MANIFEST_FILE,
  MANIFEST_MAX_BYTES,
  parseManifest,
  payloadBytes,
  shardStarts,
} from "./parse-manifest.ts";
import { readFile, readSmall } from "./read-file.ts";

/** Where the payload goes. The memory may grow meanwhile: its buffer is looked up for every chunk. */
export interface Place {
  memory: { readonly buffer: ArrayBufferLike };
  base: number;
}

export interface Described {
  manifest: Manifest;
  fingerprint: string;
}

export interface Pack extends Described {
  /** tokenizer.json as text. */
  tokenizer?: string;
  template?: string;
}

export type Progress = (doneBytes: number, totalBytes: number) => void;

/** The manifest alone, checked in itself. */
export async function readManifest(source: PackSource): Promise<Described> {
  const bytes = await readSmall(source, MANIFEST_FILE, MANIFEST_MAX_BYTES);
  return { manifest: parseManifest(bytes), fingerprint: fingerprint(bytes) };
}

/** `place` is called once, when the manifest is known and sound: the moment to check it against the model and to find memory. */
export async function loadPack(
  source: PackSource,
  place: (manifest: Manifest, payloadBytes: number) => Place,
  onProgress: Progress = () => {},
): Promise<Pack> {
  const described = await readManifest(source);
  const total = payloadBytes(described.manifest);
  const target = place(described.manifest, total);
  try {
    await loadPayload(source, described.manifest, target, onProgress);
    return { ...described, ...(await readTexts(source, described.manifest)) };
  } catch (thrown) {
    new Uint8Array(target.memory.buffer, target.base, total).fill(0);
    throw thrown;
  }
}

async function loadPayload(
  source: PackSource,
  manifest: Manifest,
  { memory, base }: Place,
  onProgress: Progress,
): Promise<void> {
  const starts = shardStarts(manifest);
  const total = starts.at(-1)!;
  for (const [i, shard] of manifest.shards.entries()) {
    const start = starts[i]!;
    await readFile(source, shard, (chunk, offset) => {
      new Uint8Array(memory.buffer, base + start + offset, chunk.length).set(chunk);
      onProgress(start + offset + chunk.length, total);
    });
  }
}

/** Tokenizer and chat template, verified. */
export async function readTexts(source: PackSource, manifest: Manifest): Promise<Pick<Pack, "tokenizer" | "template">> {
  const text = async (file: Manifest["tokenizer"]) => {
    if (!file) return undefined;
    const bytes = new Uint8Array(file.bytes);
    await readFile(source, file, (chunk, offset) => bytes.set(chunk, offset));
    return utf8(file.file, bytes);
  };
  const tokenizer = await text(manifest.tokenizer);
  const template = await text(manifest.template);
  return { ...(tokenizer === undefined ? {} : { tokenizer }), ...(template === undefined ? {} : { template }) };
}

function utf8(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch (cause) {
    throw new Failure("weights_invalid", `${file}: not valid UTF-8`, { param: file, cause });
  }
}

/** Reads every file of the pack and checks it; keeps nothing. */
export async function verifyPack(source: PackSource, manifest: Manifest): Promise<void> {
  for (const shard of manifest.shards) await readFile(source, shard, () => {});
  await readTexts(source, manifest);
}
