/** Writers of small checkpoint files, sound or not, for the parsers' tests. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const utf8 = (text: string) => new TextEncoder().encode(text);

export function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const u32 = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);
export const u64 = (n: number | bigint): Uint8Array =>
  new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, BigInt(n))).buffer);

/** A .safetensors file with this header (an object, or raw text) and data. */
export function safetensors(header: unknown, data: Uint8Array, length?: number | bigint): Uint8Array<ArrayBuffer> {
  const text = utf8(typeof header === "string" ? header : JSON.stringify(header));
  return joined(u64(length ?? text.length), text, data);
}

export const ggufString = (text: string, length: number | bigint = utf8(text).length): Uint8Array =>
  joined(u64(length), utf8(text));
export const ggufMeta = (key: string, type: number, value: Uint8Array): Uint8Array =>
  joined(ggufString(key), u32(type), value);
export const ggufTensor = (name: string, ne: (number | bigint)[], type: number, offset: number | bigint): Uint8Array =>
  joined(ggufString(name), u32(ne.length), ...ne.map(u64), u32(type), u64(offset));

export interface GgufParts {
  magic?: string;
  version?: number;
  tensorCount?: number | bigint;
  metaCount?: number | bigint;
  meta?: Uint8Array[];
  tensors?: Uint8Array[];
  alignment?: number;
  data?: Uint8Array;
}

export function gguf(parts: GgufParts): Uint8Array<ArrayBuffer> {
  const { meta = [], tensors = [], alignment = 32, data = new Uint8Array(0) } = parts;
  const head = joined(
    utf8(parts.magic ?? "GGUF"),
    u32(parts.version ?? 3),
    u64(parts.tensorCount ?? tensors.length),
    u64(parts.metaCount ?? meta.length),
    ...meta,
    ...tensors,
  );
  return joined(head, new Uint8Array(-head.length & (alignment - 1)), data);
}

/** Calls `work` with an empty folder that is removed afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "rivulet-test-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function writeFiles(folder: string, files: Record<string, Uint8Array | string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}

export const fixture = (name: string): string => new URL(`./fixtures/${name}`, import.meta.url).pathname;
