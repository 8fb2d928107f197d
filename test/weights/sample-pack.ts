/**
 * A small pack in memory: two shards, a tensor over the border between them, a tokenizer and a
 * template. Bytes are arbitrary.
 */
import { createHash } from "node:crypto";
import type { Manifest } from "../../src/weights/manifest.ts";
import type { PackSource } from "../../src/weights/pack-source.ts";

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

export interface SamplePack {
  manifest: Manifest;
  /** Payload as it should stand in memory. */
  payload: Uint8Array;
  files: Map<string, Uint8Array>;
}

export function samplePack(): SamplePack {
  // a (16, 8) f32: 512 bytes; b (3): 12 bytes, then 52 of padding; c (8, 32) q8: 288 bytes, from 576 to 864.
  const payload = Uint8Array.from({ length: 864 }, (_, i) => (i * 7 + (i >> 8)) & 255);
  const shards = [payload.subarray(0, 640), payload.subarray(640)];
  const tokenizer = encode('{"model":{}}');
  const template = encode("{{ messages }}");
  const file = (name: string, bytes: Uint8Array) => ({ file: name, bytes: bytes.length, sha256: sha256(bytes) });
  const manifest: Manifest = {
    format: "rivulet-pack",
    version: 1,
    name: "sample",
    model: { type: "llama", config: { model_type: "llama" } },
    dtype: "q8",
    parameters: 128 + 3 + 256,
    tensors: [
      { name: "a", kind: "matrix", dtype: "f32", shape: [16, 8], shard: 0, offset: 0, bytes: 512 },
      { name: "b", kind: "vector", dtype: "f32", shape: [3], shard: 0, offset: 512, bytes: 12 },
      { name: "c", kind: "matrix", dtype: "q8", shape: [8, 32], shard: 0, offset: 576, bytes: 288 },
    ],
    shards: [file("shard-000.bin", shards[0]!), file("shard-001.bin", shards[1]!)],
    tokenizer: file("tokenizer.json", tokenizer),
    template: file("chat_template.jinja", template),
    generation: { eos: [2] },
    cache: { policy: "full", sinks: 0, dtype: "f32" },
    contextLength: 128,
    provenance: { format: "test" },
  };
  const files = new Map([
    ["manifest.json", encode(JSON.stringify(manifest))],
    ["shard-000.bin", shards[0]!],
    ["shard-001.bin", shards[1]!],
    ["tokenizer.json", tokenizer],
    ["chat_template.jinja", template],
  ]);
  return { manifest, payload, files };
}

/** Serves files from memory in chunks of `chunkBytes`. */
export const memorySource = (files: ReadonlyMap<string, Uint8Array>, chunkBytes = 100): PackSource => ({
  read: async (file) => ({ bytes: files.get(file)!.length, body: chunked(files.get(file)!, chunkBytes) }),
});

export function chunked(bytes: Uint8Array, chunkBytes = 100): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + chunkBytes));
      at += chunkBytes;
    },
  });
}
