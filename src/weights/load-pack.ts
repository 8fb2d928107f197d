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

/** Where the payload, or a run of its shards, goes. The memory may grow meanwhile: its buffer is looked up for every chunk. */
export interface Place {
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
 * `place` is called once, when the manifest is known and sound: the moment to check it against the model and to find memory. Shards that no
 * place takes are not read.
 */
export async function loadPack(
  source: PackSource,
  place: (manifest: Manifest, payloadBytes: number) => Place | readonly Place[],
  onProgress: Progress = () => {},
): Promise<Pack> {
  const described = await readManifest(source);
  const { manifest } = described;
  const places = [place(manifest, payloadBytes(manifest))].flat();
  await loadPlaces(source, manifest, places, onProgress);
  try {
    return { ...described, ...(await readTexts(source, manifest)) };
  } catch (thrown) {
    wipe(manifest, places);
    throw thrown;
  }
}

/** The shards of some places. When it throws, the places hold zeros. */
export async function loadPlaces(
  source: PackSource,
  manifest: Manifest,
  places: readonly Place[],
  onProgress: Progress = () => {},
): Promise<void> {
  const starts = shardStarts(manifest);
  const total = places.reduce((n, place) => n + bytesOf(manifest, place), 0);
  let done = 0;
  try {
    for (const { memory, base, shards = [0, manifest.shards.length] } of places) {
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
    wipe(manifest, places);
    throw thrown;
  }
}

function wipe(manifest: Manifest, places: readonly Place[]): void {
  for (const place of places) new Uint8Array(place.memory.buffer, place.base, bytesOf(manifest, place)).fill(0);
}

function bytesOf(manifest: Manifest, { shards = [0, manifest.shards.length] }: Place): number {
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
