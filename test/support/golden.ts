/** A tiny checkpoint from test/golden/, converted, with transformers' logits beside it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseCache } from "../../src/convert/checkpoint/cache-choice.ts";
import { convert } from "../../src/convert/convert.ts";
import { openCheckpoint } from "../../src/convert/open-checkpoint.ts";
import type { Dtype } from "../../src/core/dtype.ts";
import type { CachePolicy } from "../../src/weights/manifest.ts";

const root = new URL("../golden/", import.meta.url).pathname;

/** Names of all cases, or of one architecture's. */
export const goldenNames = (type = ""): string[] =>
  readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith(type))
    .map((entry) => entry.name);

export interface Golden {
  /** (T) */
  tokens: Uint32Array;
  /** (T, V) */
  logits: Float32Array;
  V: number;
}

export function readGolden(name: string): Golden {
  const bytes = readFileSync(join(root, name, "golden.safetensors"));
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, end)) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  const raw = (tensor: string) => {
    const [from, to] = header[tensor]!.data_offsets;
    return Uint8Array.from(bytes.subarray(end + from, end + to)).buffer;
  };
  return {
    tokens: new Uint32Array(raw("tokens")),
    logits: new Float32Array(raw("logits")),
    V: header.logits!.shape[1]!,
  };
}

interface PackOptions {
  dtype: Dtype;
  cache?: Partial<CachePolicy>;
  stages?: number;
}

/** A golden's checkpoint, converted into a temporary folder. */
export async function goldenPack(name: string, options: PackOptions): Promise<{ folder: string; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const source = await openCheckpoint(join(root, name));
  try {
    const cache = { ...chooseCache(source.config, options.dtype, {}), ...options.cache };
    const pack = join(folder, "pack");
    await convert(source, pack, { ...options, cache });
    return { folder: pack, remove };
  } catch (thrown) {
    remove();
    throw thrown;
  } finally {
    await source.close();
  }
}

/** Makes such a pack, hands it over and removes it. */
export async function withPack<T>(name: string, options: PackOptions, use: (folder: string) => Promise<T>): Promise<T> {
  const { folder, remove } = await goldenPack(name, options);
  try {
    return await use(folder);
  } finally {
    remove();
  }
}
