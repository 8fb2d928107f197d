/** Folders with ONNX graphs that are not what they should be; and packs that say so. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadModel } from "../../../src/backends/load-model.ts";
import { compiledKernels } from "../../../src/cli/kernels.ts";
import { packFacts } from "../../../src/cli/pack-facts.ts";
import { convert } from "../../../src/convert/convert.ts";
import { readGraph } from "../../../src/convert/onnx/graph.ts";
import { openCheckpoint } from "../../../src/convert/open-checkpoint.ts";
import { Failure } from "../../../src/core/failure.ts";
import { folderSource } from "../../../src/weights/folder-source.ts";
import { verifyPack } from "../../../src/weights/load-pack.ts";
import { parseManifest } from "../../../src/weights/parse-manifest.ts";
import { failure } from "../../backends/backend.suite.ts";

const fixtures = new URL("../../golden-onnx/", import.meta.url).pathname;
const kernels = compiledKernels();
const full = { policy: "full", sinks: 0, dtype: "f32" } as const;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rivulet-"));
  cpSync(join(fixtures, "bamba-groups4"), join(folder, "source"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const source = (file = "") => join(folder, "source", file);
async function toPack(path = source(), cache: Parameters<typeof convert>[2]["cache"] = full) {
  const checkpoint = await openCheckpoint(path);
  try {
    return await convert(checkpoint, join(folder, "pack"), { dtype: "q4", cache });
  } finally {
    await checkpoint.close();
  }
}
/** Puts `to` wherever `from` stands; both are as long, so the file stays well formed. */
function rename(from: string, to: string, file = source("model.onnx")): void {
  const text = readFileSync(file, "latin1");
  expect(text).toContain(from);
  writeFileSync(file, text.replaceAll(from, to), "latin1");
}

describe("convert", () => {
  it("keeps the graph's own precision, and gives the same bytes again", async () => {
    const { manifest, fingerprint } = await toPack();
    expect([manifest.dtype, manifest.cache, manifest.contextLength]).toEqual(["f32", full, 512]);
    expect(manifest.tensors.map(({ name, kind }) => [name, kind])).toEqual([
      ["model.onnx", "file"],
      ["model.onnx_data", "file"],
    ]);
    expect(manifest.onnx!.state.map(({ past }) => past)).toEqual([
      "past_conv.0",
      "past_ssm.0",
      "past_key_values.1.key",
      "past_key_values.1.value",
      "past_conv.2",
      "past_ssm.2",
    ]);
    await verifyPack(folderSource(join(folder, "pack")), manifest);
    rmSync(join(folder, "pack"), { recursive: true });
    expect((await toPack()).fingerprint).toBe(fingerprint);
  });

  it("makes a pack that `info` can describe", async () => {
    const { manifest } = await toPack();
    const { architecture, vocab, parts, state } = packFacts(manifest);
    expect([architecture, vocab, Object.keys(parts)]).toEqual([
      "bamba (ONNX graph)",
      96,
      ["model.onnx", "model.onnx_data"],
    ]);
    const { backend } = await loadModel(folderSource(join(folder, "pack")), kernels);
    const cost = (position: number) => state.fixedBytes + position * state.bytesPerToken;
    expect([cost(0), cost(9), state.maxBytes]).toEqual([0, 9, 512].map((position) => backend.stateBytes(position)));
  });

  it("finds the graph in the folder `onnx`, and by its own path", async () => {
    mkdirSync(source("onnx"));
    for (const file of ["model.onnx", "model.onnx_data"]) renameSync(source(file), source(`onnx/${file}`));
    const { fingerprint } = await toPack();
    rmSync(join(folder, "pack"), { recursive: true });
    expect((await toPack(source("onnx/model.onnx"))).fingerprint).toBe(fingerprint);
    rmSync(join(folder, "pack"), { recursive: true });
    cpSync(source("onnx/model.onnx"), source("onnx/model_q4.onnx"));
    expect((await failure(() => toPack())).message).toContain("got model.onnx, model_q4.onnx");
  });

  it.each([
    ["past_conv.0", "pest_conv.0", "pest_conv.0"],
    ["present_ssm.2", "prezent_ssm.2", "present_ssm.2"],
    ["position_ids", "position_idz", "position_idz"],
    ["input_ids", "input_idz", "input_idz"],
    ["logits", "logitz", "logits"],
    ["model.onnx_data", "../../model.any", "../../model.any"],
    ["model.onnx_data", "model.onnx_gone", "model.onnx_gone"],
  ])("%s as %s: %s is named", async (from, to, named) => {
    rename(from, to);
    const { code, param, message } = await failure(() => toPack());
    expect([code, `${param} ${message}`]).toEqual(["weights_invalid", expect.stringContaining(named)]);
  });

  it("refuses a file of weights that is too short, a config without vocabulary, a window", async () => {
    expect((await failure(() => toPack(source(), { ...full, policy: "window", window: 64 }))).code).toBe(
      "request_invalid",
    );
    truncateSync(source("model.onnx_data"), 1000);
    expect((await failure(() => toPack())).message).toContain("model.onnx_data: expected at least");
    cpSync(join(fixtures, "bamba-groups4"), source(), { recursive: true });
    rename("vocab_size", "vocab_sise", source("config.json"));
    expect((await failure(() => toPack())).param).toBe("vocab_size");
  });

  it("reads damaged graphs without any other end than a refusal", () => {
    const whole = readFileSync(join(fixtures, "bamba-groups4/model.onnx"));
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    let refused = 0;
    for (let n = 0; n < 400; n++) {
      const damaged = Uint8Array.from(n % 2 ? whole : whole.subarray(0, random(whole.length)));
      for (let i = 0; i < 1 + random(4); i++) damaged[random(damaged.length)] = random(256);
      try {
        readGraph(damaged, "model.onnx");
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Failure);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});

describe("a pack", () => {
  interface Edited {
    onnx: { graph: string; state: { grows?: number }[] };
    tensors: { kind: string; shape: number[] }[];
  }
  const edit = async (change: (manifest: Edited) => unknown) => {
    await toPack();
    const file = join(folder, "pack/manifest.json");
    const manifest = JSON.parse(readFileSync(file, "utf8"));
    change(manifest);
    writeFileSync(file, JSON.stringify(manifest));
    return readFileSync(file);
  };
  const changes: [what: string, named: string, change: (manifest: Edited) => unknown][] = [
    ["files without onnx", "tensors[0].kind", (m) => delete (m as Partial<Edited>).onnx],
    ["a tensor with onnx", "tensors[0].kind", (m) => Object.assign(m.tensors[0]!, { kind: "vector" })],
    ["an unknown graph", "onnx.graph", (m) => Object.assign(m.onnx, { graph: "other.onnx" })],
    ["a state twice", "onnx.state[1]", (m) => m.onnx.state.splice(1, 1, m.onnx.state[0]!)],
    ["an axis too many", "onnx.state[0].grows", (m) => Object.assign(m.onnx.state[0]!, { grows: 3 })],
    ["a file of other length", "tensors[0].bytes", (m) => Object.assign(m.tensors[0]!, { shape: [5] })],
  ];
  it.each(changes)("with %s is refused: %s", async (_, named, change) => {
    const bytes = await edit(change);
    expect((await failure(() => parseManifest(bytes))).param).toBe(named);
  });

  it.each([
    ["a state that the graph has not", "past_ssm.2", "past_ssm.9"],
    ["an output that the graph has not", "present_ssm.2", "present_ssm.9"],
  ])("with %s does not load", async (_, from, to) => {
    await edit(() => {});
    rename(from, to, join(folder, "pack/manifest.json"));
    const { code, message } = await failure(() => loadModel(folderSource(join(folder, "pack")), kernels));
    expect([code, message]).toEqual(["weights_invalid", expect.stringContaining(to)]);
  });

  it("whose graph onnxruntime cannot run does not load, and the next one does", async () => {
    rename("Softplus", "Saftplus");
    await toPack();
    const { code, message } = await failure(() => loadModel(folderSource(join(folder, "pack")), kernels));
    expect([code, message]).toEqual(["weights_invalid", expect.stringContaining("Saftplus")]);
    rmSync(source(), { recursive: true });
    cpSync(join(fixtures, "bamba-groups4"), source(), { recursive: true });
    rmSync(join(folder, "pack"), { recursive: true });
    await toPack();
    expect((await loadModel(folderSource(join(folder, "pack")), kernels)).backend.vocab).toBe(96);
  });
});
