/** pack: where the bytes of the served pack come from, and how much memory its weights may take. */
import { type Bucket, bucketFetches } from "../../src/weights/bucket-fetches.ts";
import { fetchSource } from "../../src/weights/fetch-source.ts";

/** Of the platform's 128 MB per isolate; the rest is for JavaScript and for one state on its way to or from storage. */
export const ENGINE_MAX_BYTES = 112 * 1024 * 1024;

type PackBindings = Pick<Env, "ASSETS"> & { PACK_PATH: string; PACKS?: Bucket };

/** From the bucket `PACKS` where one is bound, else from the static assets. The host is of no meaning to either. */
export const packSource = ({ ASSETS, PACKS, PACK_PATH }: PackBindings) =>
  fetchSource(PACKS ? bucketFetches(PACKS) : ASSETS, new URL(`${PACK_PATH}/`, "http://assets/").href);
