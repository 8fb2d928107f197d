/**
 * loadPack: a pack's files, checked, with the payload streamed to where it lies in WebAssembly memory.
 *
 * The payload exists once: each chunk goes from the source to its address. Order: manifest,
 * area, shards, tokenizer, template.
 * Fails with `weights_unavailable` (try later) or `weights_invalid`; then the area holds zeros, nothing of the pack.
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

/**
 * Memory for the payload, or for a run of its shards. The memory may grow meanwhile: its
 * buffer is looked up for every chunk.
 */
export interface ShardArea {
  memory: { readonly buffer: ArrayBufferLike };
  base: number;
  /** Shards `from` ≤ i < `to`; all of them unless it is said. */
  shards?: readonly [from: number, to: number];
}

interface Described {
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

/**
 * `areasFor` is called once, when the manifest is known and sound: the moment to check it against the model and to find
 * memory. Shards that no area takes are not read.
 */
export async function loadPack(
  source: PackSource,
  areasFor: (manifest: Manifest, payloadBytes: number) => ShardArea | readonly ShardArea[],
  onProgress: Progress = () => {},
): Promise<Pack> {
  const described = await readManifest(source);
  const { manifest } = described;
  const areas = [areasFor(manifest, payloadBytes(manifest))].flat();
  await loadShards(source, manifest, areas, onProgress);
  try {
    return { ...described, ...(await readTexts(source, manifest)) };
  } catch (thrown) {
    wipe(manifest, areas);
    throw thrown;
  }
}

/** The shards that some areas take. When it throws, the areas hold zeros. */
export async function loadShards(
  source: PackSource,
  manifest: Manifest,
  areas: readonly ShardArea[],
  onProgress: Progress = () => {},
): Promise<void> {
  const starts = shardStarts(manifest);
  const total = areas.reduce((n, area) => n + bytesOf(manifest, area), 0);
  let done = 0;
  try {
    for (const { memory, base, shards = [0, manifest.shards.length] } of areas) {
      for (let i = shards[0]; i < shards[1]; i++) {
        const at = base + starts[i]! - starts[shards[0]]!;
        await readFile(source, manifest.shards[i]!, (chunk, offset) => {
          new Uint8Array(memory.buffer, at + offset, chunk.length).set(chunk);
          onProgress(done + offset + chunk.length, total);
        });
        done += manifest.shards[i]!.bytes;
      }
    }
  } catch (thrown) {
    wipe(manifest, areas);
    throw thrown;
  }
}

function wipe(manifest: Manifest, areas: readonly ShardArea[]): void {
  for (const area of areas) new Uint8Array(area.memory.buffer, area.base, bytesOf(manifest, area)).fill(0);
}

function bytesOf(manifest: Manifest, { shards = [0, manifest.shards.length] }: ShardArea): number {
  return payloadBytes({ shards: manifest.shards.slice(...shards) });
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
