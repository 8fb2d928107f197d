import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseGgufHeader } from "../../../src/convert/gguf/header.ts";
import { openGguf } from "../../../src/convert/gguf/source.ts";
import { failureIn } from "../../weights/failing.ts";
import { converted } from "../folder.ts";
import { fixture, gguf, ggufMeta, ggufString, ggufTensor, inFolder, joined, u32, writeFiles } from "../sample-files.ts";

const U32 = 4;
const FLOAT = 6;
const STRING = 8;

interface Changes {
  meta?: Record<string, string | number | undefined>;
  tensors?: Record<string, Float32Array>;
  without?: string[];
}

/** The tiny Llama's GGUF without its tokenizer, changed. Integers are written as u32. */
async function changedGguf({ meta = {}, tensors = {}, without = [] }: Changes): Promise<Uint8Array> {
  const bytes = Uint8Array.from(await readFile(fixture("tiny-llama.gguf")));
  const header = parseGgufHeader("tiny", bytes, bytes.length);
  const entries = Object.entries({ ...Object.fromEntries(header.meta), ...meta })
    .filter(([key, value]) => !key.startsWith("tokenizer.") && value !== undefined)
    .map(([key, value]) => {
      if (typeof value === "string") return ggufMeta(key, STRING, ggufString(value));
      const isFloat = /freq_base|epsilon/.test(key);
      const raw = isFloat ? new Uint8Array(Float32Array.of(value as number).buffer) : u32(value as number);
      return ggufMeta(key, isFloat ? FLOAT : U32, raw);
    });
  const kept = [...header.tensors.values()].filter(({ name }) => !without.includes(name));
  const parts = [
    ...kept.map(({ name, shape, type, start, bytes: length }) => ({
      name,
      shape,
      code: type.name === "F32" ? 0 : 1,
      data: bytes.slice(start, start + length),
    })),
    ...Object.entries(tensors).map(([name, values]) => ({
      name,
      shape: [values.length],
      code: 0,
      data: new Uint8Array(values.buffer),
    })),
  ];
  let at = 0;
  const table: Uint8Array[] = [];
  const data: Uint8Array[] = [];
  for (const part of parts) {
    table.push(ggufTensor(part.name, part.shape.toReversed(), part.code, at));
    const padding = new Uint8Array(-part.data.length & 31);
    data.push(part.data, padding);
    at += part.data.length + padding.length;
  }
  return gguf({ meta: entries, tensors: table, data: joined(...data) });
}

const opened = (changes: Changes) =>
  inFolder(async (folder) => {
    await writeFiles(folder, { "x.gguf": await changedGguf(changes) });
    const source = await openGguf(join(folder, "x.gguf"));
    await source.close();
    return source;
  });

describe("openGguf", () => {
  it("speaks of the model in the checkpoint's words", async () => {
    const source = await opened({});
    expect(source.config).toMatchObject({
      model_type: "llama",
      hidden_size: 16,
      vocab_size: 384,
      tie_word_embeddings: true,
    });
    expect(source.tensors.get("model.layers.0.self_attn.k_proj.weight")).toEqual([8, 16]);
    expect([...source.tensors.keys()].filter((name) => name.startsWith("blk"))).toEqual([]);
  });

  it("has a head of its own where the file has one", async () => {
    const source = await opened({ tensors: { "output.weight": new Float32Array(8) } });
    expect(source.config).toMatchObject({ tie_word_embeddings: false });
    expect(source.tensors.has("lm_head.weight")).toBe(true);
  });

  it("keeps a tensor that the model does not know under the file's name, for the converter to refuse", async () => {
    await inFolder(async (folder) => {
      await writeFiles(folder, {
        "x.gguf": await changedGguf({ tensors: { "blk.0.extra.weight": new Float32Array(8) } }),
      });
      const failure = await failureIn(converted(join(folder, "x.gguf"), join(folder, "pack")));
      expect(failure.message).toContain("tensor blk.0.extra.weight: a llama model with this config has no such tensor");
      await writeFiles(folder, { "x.gguf": await changedGguf({ without: ["blk.0.attn_q.weight"] }) });
      const missing = await failureIn(converted(join(folder, "x.gguf"), join(folder, "pack")));
      expect(missing.message).toContain("tensor model.layers.0.self_attn.q_proj.weight: expected [16,16]");
    });
  });

  it.each<[string, Changes, string]>([
    [
      "an architecture that it does not know",
      { meta: { "general.architecture": "gptneox" } },
      'general.architecture: expected one of granitehybrid, falcon-h1, gemma3, lfm2, llama, mamba2, nemotron_h, qwen2, qwen3, qwen35, smollm3, got "gptneox"; from a Hugging Face folder also',
    ],
    ["a file without an architecture", { meta: { "general.architecture": undefined } }, "got nothing"],
    [
      "a model split over several files",
      { meta: { "split.count": 2 } },
      "split.count: a model split over several files",
    ],
    [
      "metadata that lacks a size",
      { meta: { "llama.embedding_length": undefined } },
      "x.gguf: metadata: hidden_size, as config.json calls it: expected a value",
    ],
    [
      "a size that is text",
      { meta: { "llama.block_count": "1" } },
      'num_hidden_layers: expected an integer from 1 to 4096, got "1"',
    ],
    [
      "rotary frequencies that are scaled in a way of their own",
      { tensors: { "rope_freqs.weight": Float32Array.of(3, 1, 8, 2) } },
      "rope_freqs.weight: scaled in a way that the file does not name",
    ],
  ])("refuses %s", async (_, changes, message) => {
    const failure = await failureIn(opened(changes));
    expect(failure.code).toBe("weights_invalid");
    expect(failure.message).toContain(message);
  });

  it("takes rotary factors that are all one", async () => {
    await expect(opened({ tensors: { "rope_freqs.weight": Float32Array.of(1, 1, 1, 1) } })).resolves.toBeDefined();
  });
});
