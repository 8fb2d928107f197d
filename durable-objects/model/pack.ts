/** pack: where the bytes of the served packs come from, and how much memory their weights may take. */
import { type Bucket, bucketFetches } from "../../src/weights/bucket-fetches.ts";
import { fetchSource } from "../../src/weights/fetch-source.ts";

/** The platform's memory of an isolate. */
export const ISOLATE_BYTES = 128_000_000;
/** What JavaScript takes of it, with one state on its way to or from storage. */
const BESIDE_ENGINE_BYTES = ISOLATE_BYTES - 112 * 1024 * 1024;

/**
 * Memory for models and conversations: an isolate's, or what a server on a machine of its
 * own was given (`MEMORY_BYTES`).
 */
export function memoryBytes(env: object): number {
  const given = (env as { MEMORY_BYTES?: string }).MEMORY_BYTES;
  return given !== undefined && /^\d{1,15}$/.test(given) ? Math.max(ISOLATE_BYTES, Number(given)) : ISOLATE_BYTES;
}

/** The engine's share of it. */
export const engineMaxBytes = (env: object): number => memoryBytes(env) - BESIDE_ENGINE_BYTES;

type PackBindings = Pick<Env, "ASSETS"> & { PACK_PATH: string; PACKS?: Bucket };

/** One entry of `PACK_PATH`. */
export interface PackEntry {
  /** As it stands there, without the name: what `packSource` takes as `PACK_PATH`. */
  path: string;
  /** Under which it is served, where that is not the name in its manifest. */
  name?: string;
}

/**
 * The served packs, the default first. `PACK_PATH` lists them, separated by commas: a folder under the assets,
 * before it perhaps `ASSETS_1:` for another binding of assets (a server on one machine has one for each pack),
 * and before that perhaps `name=`.
 */
export function packEntries({ PACK_PATH }: { PACK_PATH: string }): PackEntry[] {
  return PACK_PATH.split(",").map((entry) => {
    const [, name, path = ""] = /^\s*(?:([^=]+)=)?(.*?)\s*$/.exec(entry) ?? [];
    return { path, ...(name ? { name } : {}) };
  });
}

/**
 * Of the first entry of `PACK_PATH`. From the bucket `PACKS` where one is bound, else from static assets. The
 * host is of no meaning to either.
 */
export function packSource(env: PackBindings) {
  const [{ path }] = packEntries(env) as [PackEntry];
  const [, binding, folder = path] = /^(ASSETS_\d+):(.*)$/.exec(path) ?? [];
  const assets = binding ? (env as unknown as Record<string, PackBindings["ASSETS"]>)[binding] : env.ASSETS;
  const from = binding === undefined && env.PACKS ? bucketFetches(env.PACKS) : assets!;
  return fetchSource(from, new URL(`${folder}/`, "http://assets/").href);
}
