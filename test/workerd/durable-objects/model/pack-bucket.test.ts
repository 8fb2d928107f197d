import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { packSource } from "../../../../durable-objects/model/pack.ts";
import { loadPack, readManifest } from "../../../../src/weights/load-pack.ts";

const bucket = (env as unknown as { TEST_PACKS: R2Bucket }).TEST_PACKS;
/** Nothing may be asked of the assets where a bucket is bound. */
const none = { fetch: () => Promise.reject(new Error("asked the assets")) } as unknown as Fetcher;
const source = packSource({ ASSETS: none, PACKS: bucket, PACK_PATH: "packs/tiny" });

beforeAll(async () => {
  for (const name of ["manifest.json", "tokenizer.json", "chat_template.jinja", "shard-000.bin"]) {
    const file = await env.ASSETS.fetch(`http://assets/tiny/${name}`);
    await bucket.put(`packs/tiny/${name}`, await file.arrayBuffer());
  }
});

it("a pack is read from an R2 bucket, every byte verified", async () => {
  const { manifest, fingerprint } = await readManifest(source);
  expect(fingerprint).toBe((await readManifest(packSource(env))).fingerprint);
  const memory = new WebAssembly.Memory({ initial: 64 });
  await loadPack(source, () => ({ memory, base: 0 }));
  expect(manifest.name).toBe("tiny");
});

it("M1: an object that is not there is unavailable, by its name", async () => {
  const other = packSource({ ASSETS: none, PACKS: bucket, PACK_PATH: "packs/other" });
  await expect(readManifest(other)).rejects.toMatchObject({ code: "weights_unavailable", param: "manifest.json" });
});
