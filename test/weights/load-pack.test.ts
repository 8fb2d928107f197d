import { describe, expect, it } from "vitest";
import { loadPack, verifyPack } from "../../src/weights/load-pack.ts";
import type { PackSource } from "../../src/weights/pack-source.ts";
import { failureIn } from "./failing.ts";
import { chunked, memorySource, samplePack } from "./sample-pack.ts";

const base = 128;
const at = (memory: WebAssembly.Memory, bytes: number) => new Uint8Array(memory.buffer, base, bytes);
const newMemory = () => new WebAssembly.Memory({ initial: 1, maximum: 4 });

/** The sample's source with one file replaced. */
function withFile(file: string, change: (bytes: Uint8Array) => Uint8Array): PackSource {
  const { files } = samplePack();
  return memorySource(new Map(files).set(file, change(files.get(file)!)));
}

/** As withFile, but the source gives no length, so that only the bytes can tell. */
const withoutLength = (source: PackSource): PackSource => ({
  read: async (file) => ({ body: (await source.read(file)).body }),
});

describe("loadPack", () => {
  it("puts the payload at its address, byte for byte, and nothing outside it", async () => {
    const { manifest, payload, files } = samplePack();
    const memory = newMemory();
    const pack = await loadPack(memorySource(files), () => ({ memory, base }));
    expect(at(memory, payload.length)).toEqual(payload);
    expect(new Uint8Array(memory.buffer, 0, base).every((byte) => byte === 0)).toBe(true);
    expect(new Uint8Array(memory.buffer, base + payload.length).every((byte) => byte === 0)).toBe(true);
    expect(pack).toMatchObject({ manifest, tokenizer: '{"model":{}}', template: "{{ messages }}" });
  });

  it("asks for an area once the manifest is sound, and tells its size", async () => {
    const { files } = samplePack();
    const memory = newMemory();
    const asked: number[] = [];
    await loadPack(memorySource(files), (_, bytes) => {
      asked.push(bytes);
      return { memory, base };
    });
    expect(asked).toEqual([864]);
  });

  it("goes on when the memory grows under it", async () => {
    const { files, payload } = samplePack();
    const memory = newMemory();
    await loadPack(
      memorySource(files),
      () => ({ memory, base }),
      () => memory.buffer.byteLength < 4 * 65_536 && memory.grow(1),
    );
    expect(at(memory, payload.length)).toEqual(payload);
  });

  it("tells how far it is", async () => {
    const { files } = samplePack();
    const seen: [number, number][] = [];
    await loadPack(
      memorySource(files, 320),
      () => ({ memory: newMemory(), base }),
      (...step) => seen.push(step),
    );
    expect(seen).toEqual([
      [320, 864],
      [640, 864],
      [864, 864],
    ]);
  });

  const grown = (bytes: Uint8Array) => Uint8Array.from([...bytes, 0]);
  const flipped = (bytes: Uint8Array) => bytes.map((byte, i) => (i === 77 ? byte ^ 1 : byte));
  it.each([
    ["truncated by one byte", (bytes: Uint8Array) => bytes.slice(0, -1), "expected 224 bytes, got 223"],
    ["truncated by half", (bytes: Uint8Array) => bytes.slice(0, 112), "expected 224 bytes, got 112"],
    ["empty", () => new Uint8Array(0), "expected 224 bytes, got 0"],
    ["longer than declared", grown, "expected 224 bytes, got 225"],
    ["changed in one bit", flipped, "expected sha256"],
  ])("refuses a shard that is %s, leaving zeros (M2)", async (_, change, message) => {
    const memory = newMemory();
    const source = withFile("shard-001.bin", change);
    const failure = await failureIn(loadPack(source, () => ({ memory, base })));
    expect(failure).toMatchObject({ code: "weights_invalid", param: "shard-001.bin" });
    expect(failure.message).toContain(message);
    expect(new Uint8Array(memory.buffer).every((byte) => byte === 0)).toBe(true);
  });

  it("refuses wrong lengths that no header announced (M2)", async () => {
    const load = (source: PackSource) =>
      failureIn(loadPack(withoutLength(source), () => ({ memory: newMemory(), base })));
    const short = await load(withFile("shard-000.bin", (bytes) => bytes.slice(0, -1)));
    expect(short.message).toContain("expected 640 bytes, got 639");
    const long = await load(withFile("shard-000.bin", grown));
    expect(long.message).toContain("expected at most 640 bytes, got more");
  });

  it("stops reading a body that does not end (M2)", async () => {
    const { files } = samplePack();
    let served = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        served += 100;
        controller.enqueue(new Uint8Array(100));
      },
      cancel() {
        cancelled = true;
      },
    });
    const source: PackSource = {
      read: async (file) => (file === "shard-000.bin" ? { body: endless } : memorySource(files).read(file)),
    };
    const failure = await failureIn(loadPack(source, () => ({ memory: newMemory(), base })));
    expect(failure.code).toBe("weights_invalid");
    expect(served).toBeLessThan(1000);
    expect(cancelled).toBe(true);
  });

  it("refuses swapped shards, and a manifest with another release's shards (M3)", async () => {
    const { files } = samplePack();
    const swapped = new Map(files);
    swapped.set("shard-000.bin", files.get("shard-001.bin")!).set("shard-001.bin", files.get("shard-000.bin")!);
    const load = (source: PackSource) => failureIn(loadPack(source, () => ({ memory: newMemory(), base })));
    expect((await load(memorySource(swapped))).code).toBe("weights_invalid");
    const other = await load(withFile("shard-000.bin", (bytes) => bytes.map((byte) => byte ^ 0x55)));
    expect(other.message).toContain("shard-000.bin: expected sha256");
  });

  it("refuses another tokenizer or template, and one that is not text (M5)", async () => {
    const load = (source: PackSource) => failureIn(loadPack(source, () => ({ memory: newMemory(), base })));
    const tokenizer = await load(withFile("tokenizer.json", (bytes) => bytes.map((byte) => byte ^ 1)));
    expect(tokenizer).toMatchObject({ code: "weights_invalid", param: "tokenizer.json" });
    const template = await load(withFile("chat_template.jinja", grown));
    expect(template).toMatchObject({ code: "weights_invalid", param: "chat_template.jinja" });
  });

  it("loads a pack without tokenizer and template", async () => {
    const { manifest, files } = samplePack();
    const { tokenizer: _, template: __, ...bare } = manifest;
    const source = memorySource(new Map(files).set("manifest.json", new TextEncoder().encode(JSON.stringify(bare))));
    const pack = await loadPack(source, () => ({ memory: newMemory(), base }));
    expect(pack).not.toHaveProperty("tokenizer");
    expect(pack).not.toHaveProperty("template");
  });

  it("refuses a manifest that is shorter than was announced (M2)", async () => {
    const { files } = samplePack();
    const manifest = files.get("manifest.json")!;
    const source: PackSource = { read: async () => ({ bytes: manifest.length + 1, body: chunked(manifest) }) };
    const failure = await failureIn(loadPack(source, () => ({ memory: newMemory(), base })));
    expect(failure.message).toBe(`manifest.json: expected ${manifest.length + 1} bytes, got ${manifest.length}`);
  });

  it("takes no memory for a manifest that is not sound", async () => {
    const source = withFile("manifest.json", (bytes) => bytes.slice(0, -1));
    const areasFor = () => {
      throw new Error("asked for an area");
    };
    expect((await failureIn(loadPack(source, areasFor))).code).toBe("weights_invalid");
  });
});

describe("verifyPack", () => {
  it("reads every file and keeps none", async () => {
    const { manifest, files } = samplePack();
    await verifyPack(memorySource(files), manifest);
    const broken = withFile("shard-001.bin", (bytes) => bytes.map((byte) => byte ^ 1));
    expect((await failureIn(verifyPack(broken, manifest))).param).toBe("shard-001.bin");
  });
});

it("chunked serves what it was given", async () => {
  const { payload } = samplePack();
  expect(new Uint8Array(await new Response(chunked(payload)).arrayBuffer())).toEqual(payload);
});
