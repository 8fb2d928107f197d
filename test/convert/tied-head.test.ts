/** Whether head and embedding are one matrix: what the tensors say counts, as in transformers, not the config alone. */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { converted, readTensors, type Tensor, writeTensors } from "./folder.ts";
import { writeFiles } from "./sample-files.ts";

const golden = join(import.meta.dirname, "../golden/llama-grouped-tied");
const EMBEDDING = "model.embed_tokens.weight";
const HEAD = "lm_head.weight";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rivulet-tie-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Converts the tied golden after a change of its tensors. */
async function withTensors(change: (tensors: Map<string, Tensor>, embedding: Tensor) => void) {
  const tensors = await readTensors(join(golden, "model.safetensors"));
  change(tensors, tensors.get(EMBEDDING)!);
  const source = join(folder, "source");
  await mkdir(source);
  await writeFiles(source, {
    "config.json": await readFile(join(golden, "config.json"), "utf8"),
    "model.safetensors": writeTensors(tensors),
  });
  return converted(source, join(folder, "pack"));
}

const names = ({ manifest }: Awaited<ReturnType<typeof withTensors>>) => manifest.tensors.map(({ name }) => name);

it("keeps one matrix where the head that is stored too has the same values", async () => {
  const result = await withTensors((tensors, embedding) => tensors.set(HEAD, embedding));
  expect(result.manifest.model.config).toMatchObject({ tie_word_embeddings: true });
  expect(names(result)).not.toContain(HEAD);
});

it("keeps two where their values differ, though the config ties them", async () => {
  const result = await withTensors((tensors, embedding) => {
    const data = Uint8Array.from(embedding.data);
    data[data.length - 1]! ^= 0x80; // the sign of the last value
    tensors.set(HEAD, { ...embedding, data });
  });
  expect(result.manifest.model.config).toMatchObject({ tie_word_embeddings: false });
  expect(names(result)).toContain(HEAD);
});

it("takes the head for the embedding where only the head is stored", async () => {
  const result = await withTensors((tensors, embedding) => {
    tensors.set(HEAD, embedding);
    tensors.delete(EMBEDDING);
  });
  expect(names(result)).toContain(EMBEDDING);
});
