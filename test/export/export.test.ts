/** rivulet export: a pack that is written out and converted again is the same pack. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadModel } from "../../src/backends/load-model.ts";
import { compiledKernels } from "../../src/cli/kernels.ts";
import { chooseCache } from "../../src/convert/checkpoint/cache-choice.ts";
import { openCheckpoint } from "../../src/convert/open-checkpoint.ts";
import { slices } from "../../src/dialogue/reply.ts";
import { exportGguf } from "../../src/export/gguf.ts";
import { exportHuggingFace } from "../../src/export/hugging-face.ts";
import { openPackCheckpoint } from "../../src/export/pack-checkpoint.ts";
import { folderSource } from "../../src/weights/folder-source.ts";
import { converted, tinyLlama } from "../convert/folder.ts";
import { readGolden } from "../support/golden.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rivulet-export-"));
});
afterEach(() => rm(folder, { recursive: true }));

const golden = (name: string) => join(import.meta.dirname, "../golden", name);

/** Largest difference of the pack's logits from the golden's. */
async function difference(pack: string, name: string): Promise<number> {
  const { tokens, logits } = readGolden(name);
  const { backend } = await loadModel(folderSource(pack), compiledKernels());
  const sequence = await backend.open();
  let at = 0;
  let worst = 0;
  for (const { slice } of slices([...tokens], backend.sliceTokens))
    for (const value of await sequence.forward(slice, "all")) worst = Math.max(worst, Math.abs(value - logits[at++]!));
  expect(at).toBe(logits.length);
  return worst;
}

/** The golden as a pack at f32. */
async function packed(name: string) {
  await converted(golden(name), join(folder, "pack"));
  return openPackCheckpoint(join(folder, "pack"));
}

describe("a pack's own windows and sinks", () => {
  const window = { policy: "window", window: 64, sinks: 2, dtype: "f32" } as const;
  const forms = [
    ["a Hugging Face folder", "out", exportHuggingFace],
    ["a GGUF file", "out.gguf", exportGguf],
  ] as const;
  it.each(
    forms.flatMap((form) => [
      [...form, window] as const,
      [...form, { ...window, windows: { "0": 16, "1": 128 } }] as const,
      [...form, { policy: "full", sinks: 0, dtype: "f32" }] as const,
    ]),
  )("go there and back: %s", async (_, name, write, cache) => {
    const [pack, target, again] = ["pack", name, "again"].map((part) => join(folder, part)) as [string, string, string];
    await converted(golden("llama-plain"), pack, { cache });
    await write(await openPackCheckpoint(pack), target, { dtype: "f32" });
    // What the command line does when nobody states a window.
    const source = await openCheckpoint(target);
    const found = chooseCache(source.config, "f32", {});
    await source.close();
    expect(found).toEqual(cache);
    const { manifest } = await converted(target, again, { cache: found });
    expect(manifest.cache).toEqual(cache);
  });
});

it("what is written may be read by whom the umask lets, as other files", async () => {
  await exportHuggingFace(await packed("llama-biases"), join(folder, "written"), { dtype: "f32" });
  for (const name of ["pack", "written"])
    expect((await stat(join(folder, name))).mode & 0o777, name).toBe(0o777 & ~process.umask());
});

describe("a Hugging Face folder", () => {
  it.each([
    "bamba-groups2",
    "bamba-norm-whole",
    "falcon_h1-plain",
    "gemma3_text-untied-odd",
    "granitemoehybrid-experts",
    "lfm2-biases",
    "llama-biases",
    "mamba2-groups4",
    "nemotron_h-experts",
    "olmo_hybrid-rope-odd",
    "qwen2-sliding",
    "qwen3-plain",
    "qwen3_5_text-odd",
    "smollm3-odd",
    "zamba2-adapters-rope",
  ])("%s", async (name) => {
    const target = join(folder, "out");
    await exportHuggingFace(await packed(name), target, { dtype: "f32", shardBytes: 40_000 });
    expect(existsSync(join(target, "model.safetensors.index.json"))).toBe(true);
    await converted(target, join(folder, "again"));
    expect(await difference(join(folder, "again"), name)).toBeLessThan(1e-3);
  });

  it("of a norm that transformers has not carries its code, under a type that transformers refuses without it", async () => {
    const target = join(folder, "out");
    await exportHuggingFace(await packed("bamba-norm-halves"), target, { dtype: "f32" });
    const config = JSON.parse(await readFile(join(target, "config.json"), "utf8"));
    expect(config).toMatchObject({ model_type: "rivulet_bamba", mamba_norm_groups: 2 });
    expect(config.auto_map.AutoModelForCausalLM).toBe("modeling_rivulet.RivuletBambaForCausalLM");
    expect(await readFile(join(target, "modeling_rivulet.py"), "utf8")).toBe(
      await readFile(join(import.meta.dirname, "../../training/modeling_rivulet.py"), "utf8"),
    );
    await converted(golden("bamba-groups2"), join(folder, "usual"));
    await exportHuggingFace(await openPackCheckpoint(join(folder, "usual")), join(folder, "plain"), { dtype: "f32" });
    expect(existsSync(join(folder, "plain/modeling_rivulet.py"))).toBe(false);
  });

  it("takes tokenizer, template, defaults and licence along, rounds to bf16, and leaves what exists alone", async () => {
    const target = join(folder, "out");
    await converted(tinyLlama, join(folder, "pack"));
    const checkpoint = await openPackCheckpoint(join(folder, "pack"));
    await exportHuggingFace(checkpoint, target, { dtype: "bf16" });
    const { manifest } = await converted(target, join(folder, "again"));
    for (const field of ["tokenizer", "template", "generation", "licence", "parameters"] as const)
      expect(manifest[field]).toEqual(checkpoint.manifest[field]);
    const config = await readFile(join(target, "config.json"), "utf8");
    expect(JSON.parse(config)).toMatchObject({ model_type: "llama", dtype: "bfloat16" });
    await expect(exportHuggingFace(checkpoint, target, { dtype: "f32" })).rejects.toMatchObject({
      code: "request_invalid",
    });
  });
});

describe("a GGUF file", () => {
  it.each([
    "bamba-no-attention",
    "bamba-rotary-full",
    "gemma3_text-old-config",
    "granitemoehybrid-dense",
    "granitemoehybrid-experts",
    "lfm2-plain",
    "llama-rope-llama3",
    "mamba2-plain",
    "nemotron_h-plain",
    "qwen2-tied-odd",
    "qwen3-bias-tied",
    "smollm3-plain",
  ])("%s", async (name) => {
    const target = join(folder, "model.gguf");
    await exportGguf(await packed(name), target, { dtype: "f32" });
    await converted(target, join(folder, "again"));
    expect(await difference(join(folder, "again"), name)).toBeLessThan(2e-3);
  });

  it.each([
    ["bamba-groups2", "partial_rotary_factor"],
    ["bamba-norm-halves", "mamba_norm_groups"],
    ["falcon_h1-plain", "falcon_h1"],
    ["mamba2-groups4", "time_step_limit"],
    ["nemotron_h-experts", "layers_block_type"],
    ["olmo_hybrid-plain", "expected an architecture of"],
    ["qwen2-sliding", "sliding_window"],
    ["qwen3_5_text-plain", "linear_value_head_dim"],
    ["smollm3-odd", "no_rope_layers"],
  ])("refuses %s by what llama.cpp has no form of", async (name, field) => {
    const target = join(folder, "model.gguf");
    await expect(exportGguf(await packed(name), target, { dtype: "f32" })).rejects.toThrow(field);
    expect(existsSync(target)).toBe(false);
  });
});
