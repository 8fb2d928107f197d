import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { goldenDigest, goldenIds, NUMERICS } from "../../src/backends/golden.ts";
import { loadModel } from "../../src/backends/load-model.ts";
import { compiledKernels } from "../../src/cli/kernels.ts";
import { f16 } from "../../src/convert/checkpoint/floats.ts";
import { openCheckpoint } from "../../src/convert/open-checkpoint.ts";
import { unpackMatrix } from "../../src/kernels/layout.ts";
import { folderSource } from "../../src/weights/folder-source.ts";
import { loadPack } from "../../src/weights/load-pack.ts";
import { failureIn } from "../weights/failing.ts";
import { type Change, changedFolder, converted, readTensors, tinyLlama, writeTensors } from "./folder.ts";
import { fixture, inFolder, writeFiles } from "./sample-files.ts";

const q = "model.layers.0.self_attn.q_proj.weight";
const k = "model.layers.0.self_attn.k_proj.weight";
const oneNaN = (length: number, at: number) =>
  new Uint8Array(Float32Array.from({ length }, (_, i) => (i === at ? Number.NaN : 0.5)).buffer);
const norm = "model.layers.0.input_layernorm.weight";

async function load(pack: string) {
  const memory = new WebAssembly.Memory({ initial: 16 });
  const loaded = await loadPack(folderSource(pack), () => ({ memory, base: 0 }));
  const tensor = (name: string) => {
    const { offset, bytes, shape } = loaded.manifest.tensors.find((entry) => entry.name === name)!;
    return { bytes: new Uint8Array(memory.buffer.slice(offset, offset + bytes)), shape };
  };
  return { ...loaded, tensor };
}

async function bytesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name))).toString("base64")])),
  );
}

/** Puts one value into the query matrix. */
const f32At =
  (index: number, value: number) => (tensors: Map<string, { data: Uint8Array; dtype: string; shape: number[] }>) => {
    const values = new Float32Array(256).fill(0.5);
    values[index] = value;
    tensors.set(q, { dtype: "F32", shape: [16, 16], data: new Uint8Array(values.buffer) });
  };

describe("convert", () => {
  it("stacks, packs and keeps every value of a Hugging Face folder", async () => {
    await inFolder(async (folder) => {
      await converted(tinyLlama, join(folder, "pack"));
      const { tensor, manifest } = await load(join(folder, "pack"));
      const source = await readTensors(join(tinyLlama, "model.safetensors"));
      const stacked = tensor("model.layers.0.self_attn.qkv_proj.weight");
      const parts = ["q", "k", "v"].flatMap((part) => [
        ...f16(source.get(q.replace("q_proj", `${part}_proj`))!.data as never),
      ]);
      expect(stacked.shape).toEqual([32, 16]);
      expect([...unpackMatrix("f32", stacked.bytes, 32, 16)]).toEqual(parts);
      expect(tensor(norm).bytes).toEqual(source.get(norm)!.data);
      expect(manifest).toMatchObject({
        name: "tiny-llama",
        model: { type: "llama" },
        parameters: 8496,
        contextLength: 128,
        licence: "apache-2.0",
        generation: { eos: [2, 0], bos: 0, temperature: 0.6, topP: 0.9 },
        tokenizerConfig: {
          bos_token: "<|endoftext|>",
          eos_token: "<|im_end|>",
          tokenizer_class: "PreTrainedTokenizerFast",
        },
      });
    });
  });

  it("copies the tokenizer, and takes the template named default", async () => {
    await inFolder(async (folder) => {
      await converted(tinyLlama, join(folder, "pack"));
      const { tokenizer, template } = await load(join(folder, "pack"));
      expect(tokenizer).toBe(await readFile(join(tinyLlama, "tokenizer.json"), "utf8"));
      expect(template).toMatch(/^\{% for m in messages %\}/);
    });
  });

  it("makes the same weights of a GGUF file of the same model, whose rows are permuted", async () => {
    await inFolder(async (folder) => {
      for (const dtype of ["f32", "f16", "q8", "q4"] as const) {
        const fromFolder = await converted(tinyLlama, join(folder, `a-${dtype}`), { dtype });
        const fromGguf = await converted(fixture("tiny-llama.gguf"), join(folder, `b-${dtype}`), { dtype });
        expect(fromGguf.manifest.tensors).toEqual(fromFolder.manifest.tensors);
        expect(fromGguf.manifest.shards).toEqual(fromFolder.manifest.shards);
      }
    });
  });

  it("gives the same bytes each time", async () => {
    await inFolder(async (folder) => {
      for (const source of [tinyLlama, fixture("tiny-llama.gguf")]) {
        await converted(source, join(folder, "a"), { dtype: "q4" });
        await converted(source, join(folder, "b"), { dtype: "q4" });
        expect(await bytesOf(join(folder, "a"))).toEqual(await bytesOf(join(folder, "b")));
        await rm(join(folder, "a"), { recursive: true });
        await rm(join(folder, "b"), { recursive: true });
      }
    });
  });

  it("reads many files, through an index or without one, as it reads one", async () => {
    await inFolder(async (folder) => {
      const source = await changedFolder(folder, {});
      const one = await converted(source, join(folder, "one"));
      const tensors = [...(await readTensors(join(source, "model.safetensors")))];
      const halves = [new Map(tensors.slice(0, 4)), new Map(tensors.slice(4))];
      const names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
      await rm(join(source, "model.safetensors"));
      await writeFiles(source, { [names[0]!]: writeTensors(halves[0]!), [names[1]!]: writeTensors(halves[1]!) });
      expect((await converted(source, join(folder, "glob"))).manifest.shards).toEqual(one.manifest.shards);
      const map = Object.fromEntries(tensors.map(([name], i) => [name, names[i < 4 ? 0 : 1]]));
      const index = (weights: object) =>
        writeFiles(source, { "model.safetensors.index.json": JSON.stringify({ weight_map: weights }) });
      await index(map);
      expect((await converted(source, join(folder, "index"))).manifest.shards).toEqual(one.manifest.shards);

      const refusal = async () => (await failureIn(converted(source, join(folder, "no")))).message;
      await index({ ...map, [norm]: names[1] });
      expect(await refusal()).toContain(`tensor ${norm} is not in ${names[1]}`);
      for (const broken of [5, null, [names[0]]]) {
        await index(broken as never);
        expect(await refusal()).toContain("weight_map: expected an object");
      }
      await index({ ...map, [norm]: "../../x.safetensors" });
      expect(await refusal()).toContain("expected file names ending in .safetensors");
      await index(map);
      await writeFiles(source, { [names[1]!]: writeTensors(new Map(tensors)) });
      expect(await refusal()).toContain(`also in ${names[0]}`);
      await rm(join(source, names[1]!));
      expect(await refusal()).toContain(`${names[1]}: no such file`);
      await rm(join(source, "model.safetensors.index.json"));
      expect(await refusal()).toContain(`${names[1]}: no such file`);
    });
  });

  it("reads only model.safetensors where that is present", async () => {
    await inFolder(async (folder) => {
      const source = await changedFolder(folder, {});
      const alone = await converted(source, join(folder, "alone"));
      await writeFiles(source, { "golden.safetensors": await readFile(join(source, "model.safetensors")) });
      expect((await converted(source, join(folder, "beside"))).manifest.shards).toEqual(alone.manifest.shards);
    });
  });

  it("reads any range of rows, also where a GGUF has them permuted", async () => {
    for (const path of [tinyLlama, fixture("tiny-llama.gguf")]) {
      const source = await openCheckpoint(path);
      for (const [name, [rows, width = 1]] of [...source.tensors] as [string, [number, number?]][]) {
        const whole = await source.rows(name, 0, rows);
        expect(whole.length).toBe(rows * width);
        for (const [from, to] of [
          [3, 7],
          [rows - 1, rows],
        ] as const) {
          expect(await source.rows(name, from, to)).toEqual(whole.slice(from * width, to * width));
        }
      }
      await source.close();
    }
  });

  it("ignores buffers that follow from the config, and a head that is tied", async () => {
    await inFolder(async (folder) => {
      const plain = await converted(tinyLlama, join(folder, "plain"));
      const source = await changedFolder(folder, {
        tensors: (tensors) => {
          tensors.set("model.layers.0.self_attn.rotary_emb.inv_freq", {
            dtype: "F64",
            shape: [4],
            data: new Uint8Array(32),
          });
          tensors.set("lm_head.weight", tensors.get("model.embed_tokens.weight")!);
        },
      });
      expect((await converted(source, join(folder, "pack"))).manifest.shards).toEqual(plain.manifest.shards);
    });
  });

  it("finds the end of text where only the tokenizer names it, and leaves an empty template out", async () => {
    await inFolder(async (folder) => {
      const files = {
        "generation_config.json": "{}",
        "tokenizer_config.json": '{"eos_token": "<|im_start|>", "chat_template": ""}',
      };
      const source = await changedFolder(folder, { config: { eos_token_id: null, bos_token_id: null }, files });
      const { manifest } = await converted(source, join(folder, "pack"));
      expect(manifest.generation).toEqual({ eos: [1] });
      expect(manifest).not.toHaveProperty("template");
    });
  });

  it("prefers chat_template.jinja, and takes tokens that only special_tokens_map.json names", async () => {
    await inFolder(async (folder) => {
      const files = {
        "chat_template.jinja": "{{ 1 }}",
        "tokenizer_config.json": '{"chat_template": "{{ 2 }}", "eos_token": null}',
        "special_tokens_map.json": '{"eos_token": {"content": "<|im_end|>"}, "pad_token": "<|endoftext|>"}',
      };
      await converted(await changedFolder(folder, { files }), join(folder, "pack"));
      const { template, manifest } = await load(join(folder, "pack"));
      expect(template).toBe("{{ 1 }}");
      expect(manifest.tokenizerConfig).toEqual({ eos_token: "<|im_end|>", pad_token: "<|endoftext|>" });
    });
  });

  it("leaves the tokenizer out on request", async () => {
    for (const path of [tinyLlama, fixture("tiny-llama.gguf")]) {
      const source = await openCheckpoint(path, { noTokenizer: true });
      const companions = await source.companions();
      await source.close();
      expect(companions.name).toBe("tiny-llama");
      for (const key of ["tokenizer", "tokenizerConfig", "template"]) expect(companions).not.toHaveProperty(key);
    }
  });

  it("converts a source that has no tokenizer", async () => {
    await inFolder(async (folder) => {
      const source = await changedFolder(folder, {});
      for (const name of ["tokenizer.json", "tokenizer_config.json", "generation_config.json", "README.md"])
        await rm(join(source, name));
      const { manifest } = await converted(source, join(folder, "pack"));
      expect(await readdir(join(folder, "pack"))).toEqual(["manifest.json", "shard-000.bin"]);
      expect(manifest).not.toHaveProperty("tokenizer");
      expect(manifest).not.toHaveProperty("licence");
      expect(manifest.generation).toEqual({ eos: [2], bos: 0 });
    });
  });

  it("reads the bare Infinity that Python writes into config.json", async () => {
    await inFolder(async (folder) => {
      const source = await changedFolder(folder, {});
      const config = await readFile(join(source, "config.json"), "utf8");
      await writeFiles(source, { "config.json": config.replace(/^\{/, '{ "time_step_limit": [0.0, Infinity],') });
      const { manifest } = await converted(source, join(folder, "pack"));
      expect(manifest.model.config.time_step_limit).toEqual([0, { __float__: "Infinity" }]);
    });
  });

  it.each<[string, Change, string]>([
    [
      "a missing tensor",
      { tensors: (t) => void t.delete(q) },
      `tensor ${q}: expected [16,16], the checkpoint has no such tensor`,
    ],
    [
      "a tensor of another shape",
      { tensors: (t) => void Object.assign(t.get(q)!, { shape: [8, 32] }) },
      `tensor ${q}: expected [16,16], got [8,32]`,
    ],
    [
      "a tensor that no one asks for",
      { tensors: (t) => void t.set("extra", t.get(norm)!) },
      "tensor extra: a llama model with this config has no such tensor",
    ],
    [
      "a dtype that is not read",
      { tensors: (t) => void Object.assign(t.get(norm)!, { dtype: "F64", data: new Uint8Array(128) }) },
      `tensor ${norm}: expected dtype F32, F16 or BF16, got F64`,
    ],
    [
      "NaN among the weights",
      { tensors: f32At(37, Number.NaN) },
      `tensor ${q}[2, 5]: expected a finite number, got NaN`,
    ],
    [
      "an infinite weight",
      { tensors: f32At(255, -Infinity) },
      `tensor ${q}[15, 15]: expected a finite number, got -Infinity`,
    ],
    [
      "NaN in a tensor that is stacked below another",
      { tensors: (t) => void t.set(k, { dtype: "F32", shape: [8, 16], data: oneNaN(128, 17) }) },
      `tensor ${k}[1, 1]: expected a finite number, got NaN`,
    ],
    ["an architecture that it does not know", { config: { model_type: "gpt_neox" } }, "model_type: expected"],
    [
      "a config without a size",
      { config: { hidden_size: null, num_hidden_layers: "1" } },
      "num_hidden_layers: expected an integer",
    ],
    [
      "an end of text outside the vocabulary",
      { config: { eos_token_id: 384 } },
      "expected ids below vocab_size 384, got 384",
    ],
    [
      "an end of text that is not an id",
      { config: { eos_token_id: "2" } },
      'eos_token_id: expected token ids, got "2"',
    ],
    ["a config that is not JSON", { files: { "config.json": "{" } }, "config.json: not valid JSON"],
    ["a config that is a list", { files: { "config.json": "[]" } }, "config.json: expected an object"],
    [
      "a temperature out of range",
      { files: { "generation_config.json": '{"temperature": -1}' } },
      "temperature: expected 0…10, got -1",
    ],
    [
      "a tokenizer of another kind",
      { tokenizer: (file) => void Object.assign(file.model, { type: "WordPiece" }) },
      'tokenizer: model.type: expected "BPE", got "WordPiece"; convert --no-tokenizer leaves it out',
    ],
    [
      "a tokenizer that leaves out an id",
      {
        tokenizer: ({ model: { vocab } }) => {
          vocab[Object.keys(vocab).find((token) => vocab[token] === 383)!] = 390;
        },
      },
      "tokenizer: model.vocab: no token has id 383",
    ],
    [
      "a tokenizer with more tokens than the model",
      { tokenizer: ({ model }) => void Object.assign(model.vocab, { "one more": 384 }) },
      'tokenizer: model.vocab: expected ids below vocab_size 384, got 384 for "one more"',
    ],
    [
      "a chat template that cannot be read",
      { files: { "chat_template.jinja": "{% if messages %}" } },
      "chat template: ",
    ],
    ["a tokenizer that is not JSON", { files: { "tokenizer.json": "{" } }, "tokenizer.json: not valid JSON"],
    [
      "templates without a default",
      { files: { "tokenizer_config.json": '{"chat_template": [{"name": "rag", "template": ""}]}' } },
      'chat_template: expected text, or a list with one named "default"',
    ],
  ])("refuses %s and leaves nothing behind", async (_, change, message) => {
    await inFolder(async (folder) => {
      const source = await changedFolder(folder, change);
      const failure = await failureIn(converted(source, join(folder, "pack")));
      expect(failure.code).toBe("weights_invalid");
      expect(failure.message).toContain(message);
      expect(await readdir(folder)).toEqual(["source"]);
    });
  });

  it("refuses weights that do not fit f16, at f16 only", async () => {
    await inFolder(async (folder) => {
      const source = await changedFolder(folder, { tensors: f32At(0, 65_520) });
      const failure = await failureIn(converted(source, join(folder, "half"), { dtype: "f16" }));
      expect(failure.message).toContain(`${q}[0, 0]: expected a number that fits f16`);
      await converted(source, join(folder, "full"), { dtype: "q8" });
    });
  });

  it("names what is not a source", async () => {
    await inFolder(async (folder) => {
      const refusal = async (path: string) => (await failureIn(converted(path, join(folder, "pack")))).message;
      expect(await refusal(join(folder, "nothing"))).toContain("nothing: no such file or folder");
      expect(await refusal(folder)).toContain("config.json: no such file");
      expect(await refusal(join(tinyLlama, "config.json"))).toContain("expected a folder with config.json");
      await writeFiles(folder, { "config.json": "{}" });
      expect(await refusal(folder)).toContain("no .safetensors file in this folder");
      await writeFiles(folder, { "x.gguf": "GGML" });
      expect(await refusal(join(folder, "x.gguf"))).toContain("x.gguf: magic: expected");
    });
  });
});

describe("the place of a pack", () => {
  it("is replaced only on request, and only when it is a pack", async () => {
    await inFolder(async (folder) => {
      const pack = join(folder, "pack");
      await converted(tinyLlama, pack);
      const before = await bytesOf(pack);
      const refusal = await failureIn(converted(tinyLlama, pack, { dtype: "q8" }));
      expect(refusal).toMatchObject({ code: "request_invalid" });
      expect(refusal.message).toContain("is a pack already; --force overwrites it");
      expect(await bytesOf(pack)).toEqual(before);
      await converted(tinyLlama, pack, { dtype: "q8", force: true });
      expect((await load(pack)).manifest.dtype).toBe("q8");
      await writeFiles(pack, { "notes.txt": "mine" });
      const foreign = await failureIn(converted(tinyLlama, pack, { force: true }));
      expect(foreign.message).toContain("is not a pack (it holds notes.txt), so it is not overwritten");
      expect(await readdir(folder)).toEqual(["pack"]);
    });
  });

  it("may be an empty folder, or one in a folder that does not exist yet", async () => {
    await inFolder(async (folder) => {
      await mkdir(join(folder, "empty"));
      await converted(tinyLlama, join(folder, "empty"));
      await converted(tinyLlama, join(folder, "new", "deep"));
      expect(await readdir(folder)).toEqual(["empty", "new"]);
      expect(await readdir(join(folder, "new"))).toEqual(["deep"]);
      await writeFiles(folder, { file: "" });
      expect((await failureIn(converted(tinyLlama, join(folder, "file")))).message).toContain(
        "is a file, not a folder",
      );
      await expect(converted(tinyLlama, join(folder, "file", "pack"))).rejects.toMatchObject({
        code: "request_invalid",
      });
    });
  });

  it("takes the folders above it away again when it fails, and only those", async () => {
    await inFolder(async (folder) => {
      const fails = await changedFolder(folder, { tensors: f32At(0, Number.NaN) });
      await mkdir(join(folder, "here"));
      const failure = await failureIn(converted(fails, join(folder, "here", "gone", "too", "pack")));
      expect(failure.message).toContain("got NaN");
      expect(await readdir(join(folder, "here"))).toEqual([]);
      await converted(tinyLlama, join(folder, "a", "b", "c", "pack"));
      expect(await readdir(join(folder, "a", "b", "c"))).toEqual(["pack"]);
    });
  });

  it("is not a folder with part of a pack", async () => {
    await inFolder(async (folder) => {
      await writeFiles(folder, { "shard-000.bin": "" });
      const failure = await failureIn(converted(tinyLlama, folder, { force: true }));
      expect(failure.message).toContain("is not a pack (no manifest.json), so it is not overwritten");
    });
  });

  it("keeps the old pack when its successor fails or is interrupted", async () => {
    await inFolder(async (folder) => {
      const pack = join(folder, "pack");
      await converted(tinyLlama, pack);
      const before = await bytesOf(pack);
      const stop = new AbortController();
      const work = converted(tinyLlama, pack, { force: true, signal: stop.signal, onProgress: () => stop.abort() });
      await expect(work).rejects.toMatchObject({ name: "AbortError" });
      expect(await bytesOf(pack)).toEqual(before);
      expect(await readdir(folder)).toEqual(["pack"]);
    });
  });
});

it("M9: a pack says what it computes, to the same digest wherever it is converted", async () => {
  await inFolder(async (folder) => {
    const kernels = compiledKernels();
    const [plain, staged] = [join(folder, "plain"), join(folder, "staged")];
    await converted(tinyLlama, plain, { kernels });
    await converted(tinyLlama, staged, { kernels, stages: 2 });
    const [one, two] = await Promise.all([plain, staged].map((pack) => loadModel(folderSource(pack), kernels)));
    const { golden } = one!.manifest;
    expect(golden).toMatchObject({ numerics: NUMERICS, ids: goldenIds(one!.backend.vocab) });
    expect(two!.manifest.golden).toEqual(golden);
    expect(await goldenDigest(one!.backend, golden!.ids)).toBe(golden!.sha256);
    expect(await goldenDigest(one!.backend, [...golden!.ids, 1])).not.toBe(golden!.sha256);
  });
});
