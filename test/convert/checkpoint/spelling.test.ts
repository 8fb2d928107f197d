/**
 * Checkpoints that spell a model otherwise: wrapped with a vision model, with joined
 * tensors, with names of other releases.
 */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { converted, readTensors, type Tensor, writeTensors } from "../folder.ts";
import { writeFiles } from "../sample-files.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rivulet-spelling-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A folder `source` with these files. */
async function sourceFolder(files: Record<string, string | Uint8Array>): Promise<string> {
  const source = join(folder, "source");
  await mkdir(source);
  await writeFiles(source, files);
  return source;
}

const golden = (name: string) => join(import.meta.dirname, "../../golden", name);

/** A golden's checkpoint with other names and another config. */
async function respelledFolder(
  name: string,
  rename: (tensor: string) => string,
  config: (inner: Record<string, unknown>) => Record<string, unknown>,
  more: Record<string, Tensor> = {},
): Promise<string> {
  const inner = JSON.parse(await readFile(join(golden(name), "config.json"), "utf8"));
  const tensors = await readTensors(join(golden(name), "model.safetensors"));
  const renamed = new Map([...tensors].map(([tensor, value]) => [rename(tensor), value]));
  for (const [tensor, value] of Object.entries(more)) renamed.set(tensor, value);
  return sourceFolder({ "config.json": JSON.stringify(config(inner)), "model.safetensors": writeTensors(renamed) });
}

const plain = (shape: number[]): Tensor => ({
  dtype: "F32",
  shape,
  data: new Uint8Array(4 * shape.reduce((n, size) => n * size, 1)),
});

const shards = async (pack: string) => readFile(join(pack, "shard-000.bin"));

it("converts the text part of a checkpoint that wraps it, in either place of the prefix", async () => {
  await converted(golden("qwen3_5_text-plain"), join(folder, "plain"));
  for (const [i, prefix] of ["model.language_model.", "language_model.model."].entries()) {
    const source = await respelledFolder(
      "qwen3_5_text-plain",
      (name) => (name.startsWith("lm_head") ? name : name.replace(/^model\./, prefix)),
      (inner) => ({
        model_type: "qwen3_5",
        tie_word_embeddings: true,
        eos_token_id: 7,
        text_config: inner,
        vision_config: {},
      }),
      { "model.visual.patch_embed.proj.weight": plain([2, 3]), "mtp.fc.weight": plain([2, 2]) },
    );
    const { manifest } = await converted(source, join(folder, `wrapped-${i}`));
    expect(manifest.model.type).toBe("qwen3_5_text");
    expect(manifest.model.config).toMatchObject({ model_type: "qwen3_5_text", tie_word_embeddings: false });
    expect(manifest.generation.eos).toEqual([7]);
    expect(await shards(join(folder, `wrapped-${i}`))).toEqual(await shards(join(folder, "plain")));
    await rm(source, { recursive: true });
  }
});

it("takes the tie of the head from outside where the text part does not state it", async () => {
  const source = await respelledFolder(
    "qwen3_5_text-odd",
    (name) => name.replace(/^model\./, "model.language_model."),
    ({ tie_word_embeddings, ...inner }) => ({ model_type: "qwen3_5", tie_word_embeddings, text_config: inner }),
  );
  const { manifest } = await converted(source, join(folder, "pack"));
  expect(manifest.model.config).toMatchObject({ tie_word_embeddings: true });
});

it("joins convolutions that a checkpoint stores in three tensors, wherever it cuts them", async () => {
  await converted(golden("olmo_hybrid-plain"), join(folder, "plain"));
  const tensors = await readTensors(join(golden("olmo_hybrid-plain"), "model.safetensors"));
  const parts = ["q", "k", "v"].map((part) => `model.layers.0.linear_attn.${part}_conv1d.weight`);
  const rows = Buffer.concat(parts.map((name) => tensors.get(name)!.data));
  const [, ...rest] = tensors.get(parts[0]!)!.shape;
  const rowBytes = 4 * rest.reduce((n, size) => n * size, 1);
  let at = 0;
  // As published: the channels of q, of k and of v.
  for (const [i, count] of [32, 32, 48].entries()) {
    const data = Uint8Array.from(rows.subarray(at * rowBytes, (at + count) * rowBytes));
    tensors.set(parts[i]!, { dtype: "F32", shape: [count, ...rest], data });
    at += count;
  }
  expect(at * rowBytes).toBe(rows.length);
  const config = await readFile(join(golden("olmo_hybrid-plain"), "config.json"));
  const source = await sourceFolder({ "config.json": config, "model.safetensors": writeTensors(tensors) });
  await converted(source, join(folder, "published"));
  expect(await shards(join(folder, "published"))).toEqual(await shards(join(folder, "plain")));
});

it("names a part of a joined tensor that is missing", async () => {
  const tensors = await readTensors(join(golden("olmo_hybrid-plain"), "model.safetensors"));
  tensors.delete("model.layers.1.linear_attn.k_conv1d.weight");
  const config = await readFile(join(golden("olmo_hybrid-plain"), "config.json"));
  const source = await sourceFolder({ "config.json": config, "model.safetensors": writeTensors(tensors) });
  await expect(converted(source, join(folder, "pack"))).rejects.toThrow(
    /tensor model\.layers\.1\.linear_attn\.conv1d\.weight: expected \[112,1,4\], the checkpoint has no such tensor/,
  );
});

it("refuses two tensors that would get one name", async () => {
  const source = await respelledFolder(
    "olmo_hybrid-plain",
    (name) => name,
    (inner) => inner,
    { "model.layers.0.input_layernorm.weight": plain([32]) },
  );
  await expect(converted(source, join(folder, "pack"))).rejects.toThrow(/attention_layer_norm\.weight/);
});
