/** bucketFetches: an R2 bucket as the Fetcher that `fetchSource` reads from; a path is the object's key. */
import type { Fetches } from "./fetch-source.ts";

/** The part of an R2Bucket binding that is used. */
export interface Bucket {
  get(key: string): Promise<{ body: ReadableStream<Uint8Array>; size: number } | null>;
}

export const bucketFetches = (bucket: Bucket): Fetches => ({
  async fetch(url, { signal }) {
    const gone = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const key = decodeURIComponent(new URL(url).pathname.slice(1));
    const object = await Promise.race([bucket.get(key), gone]);
    if (!object) return new Response(null, { status: 404 });
    return new Response(object.body, { headers: { "content-length": String(object.size) } });
  },
});
