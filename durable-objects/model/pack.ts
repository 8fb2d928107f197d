/** pack: where the bytes of the served pack come from, and how much memory its weights may take. */
import { type Bucket, bucketFetches } from "../../src/weights/bucket-fetches.ts";
import { fetchSource } from "../../src/weights/fetch-source.ts";

/** The platform's memory of an isolate. */
export const ISOLATE_BYTES = 128_000_000;
/** What JavaScript takes of it, with one state on its way to or from storage. */
const BESIDE_ENGINE_BYTES = ISOLATE_BYTES - 112 * 1024 * 1024;

/** Memory for models and conversations: an isolate's, or what a server on a machine of its own was given (`MEMORY_BYTES`). */
export function memoryBytes(env: object): number {
  const given = (env as { MEMORY_BYTES?: string }).MEMORY_BYTES;
  return given !== undefined && /^\d{1,15}$/.test(given) ? Math.max(ISOLATE_BYTES, Number(given)) : ISOLATE_BYTES;
}

/** The engine's share of it. */
export const engineMaxBytes = (env: object): number => memoryBytes(env) - BESIDE_ENGINE_BYTES;

type PackBindings = Pick<Env, "ASSETS"> & { PACK_PATH: string; PACKS?: Bucket };

/** From the bucket `PACKS` where one is bound, else from the static assets. The host is of no meaning to either. */
export const packSource = ({ ASSETS, PACKS, PACK_PATH }: PackBindings) =>
  fetchSource(PACKS ? bucketFetches(PACKS) : ASSETS, new URL(`${PACK_PATH}/`, "http://assets/").href);
