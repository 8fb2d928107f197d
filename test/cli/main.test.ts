import { rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { changedFolder, tinyLlama } from "../convert/folder.ts";
import { fixture, inFolder } from "../convert/sample-files.ts";
import { inProcess } from "./in-process.ts";
import { outcome, rivulet, start } from "./run.ts";

describe("rivulet", () => {
  it.each([
    [[], "expected a command (convert, pull, export, info, score, generate, bench, chat, stream, start), got none"],
    [["convrt"], "got convrt"],
    [["--nope"], "unknown option '--nope'"],
    [["info"], "missing required argument 'pack'"],
    [["info", "/nowhere/at/all"], "/nowhere/at/all: expected a pack (manifest.json), a config.json or a .gguf file"],
    [["info", tinyLlama, "more"], "too many arguments"],
    [["convert", tinyLlama], "missing required argument 'pack'"],
    [["convert", tinyLlama, "x", "--dtype", "q5"], "Allowed choices are q4, q8, f16, f32"],
    [["convert", tinyLlama, "x", "--window", "0"], "expected an integer from 1 to 1048576"],
    [["convert", tinyLlama, "x", "--window", "1e3"], "expected an integer from 1 to 1048576"],
    [["convert", tinyLlama, "x", "--sinks", "4"], "--sinks: only with --window"],
    [
      ["generate", tinyLlama, "hi", "--max-tokens", "x"],
      "'--max-tokens <n>' argument 'x' is invalid. expected an integer",
    ],
    [
      ["generate", tinyLlama, "hi", "--seed", "-1"],
      "'--seed <s>' argument '-1' is invalid. expected an integer from 0",
    ],
    [["convert", tinyLlama, "x", "--stages", "1"], "expected an integer from 2 to 1024"],
    [["convert", tinyLlama, "x", "--stages", "9"], "stages: expected 2 to 4 for a model of 2 blocks, got 9"],
    [["convert", "/nowhere/at/all", "x"], "/nowhere/at/all: no such file or folder"],
    [["convert", tinyLlama, "/proc/nope/pack"], "/proc/nope"],
    [["convert", join(tinyLlama, "config.json"), "x"], "expected a folder with config.json"],
  ])("ends with 2 and one line on stderr: %j", async (args, message) => {
    const { exitCode, stdout, stderr } = await inProcess(args);
    expect(stderr).toMatch(/^rivulet: [^\n]+\n$/);
    expect(stderr).toContain(message);
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });

  it("prints help and version with 0", async () => {
    const help = await rivulet("--help");
    expect(help).toMatchObject({ exitCode: 0, stderr: "" });
    for (const name of ["convert", "info", "score", "generate", "bench", "chat"]) {
      expect(help.stdout).toContain(`\n  ${name} [options]`);
    }
    expect(await rivulet("--version")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    expect(await rivulet("convert", "--help")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("--dtype"),
    });
    expect(await rivulet("help", "convert")).toEqual(await rivulet("convert", "--help"));
  });

  it("starts a newer Node under an old one, and passes on its exit code", async () => {
    const old = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.1.0'})";
    const good = await outcome(start(["info", tinyLlama], ["--import", old]));
    expect(good).toMatchObject({ exitCode: 0, stderr: "" });
    expect(good.stdout).toContain("architecture");
    expect((await outcome(start(["info", "/nowhere"], ["--import", old]))).exitCode).toBe(2);
  });

  it("stops quietly when its reader has gone", async () => {
    const child = start(["info", tinyLlama]);
    child.stdout!.destroy();
    expect(await outcome(child)).toMatchObject({ exitCode: 0, stderr: "" });
  });
});

describe("rivulet convert and info", () => {
  let text: string;
  let json: Record<string, unknown>;
  let summary: string;
  beforeAll(
    () =>
      inFolder(async (folder) => {
        const pack = join(folder, "pack");
        const options = [
          "--window",
          "32",
          "--sinks",
          "4",
          "--licence",
          "MIT",
          "--name",
          "Tiny\u001b[2J",
          "--system-prompt",
          "Be kind.",
        ];
        const done = await rivulet("convert", fixture("tiny-llama.gguf"), pack, ...options);
        expect(done).toMatchObject({ exitCode: 0, stderr: "" });
        summary = done.stdout;
        text = (await rivulet("info", pack)).stdout;
        json = JSON.parse((await rivulet("info", pack, "--json")).stdout);
      }),
    60_000,
  );

  it("say what was made", () => {
    expect(summary).toMatch(/pack: llama, 8\.50 k parameters, q4, [\d.]+ kB in 1 shard\nfingerprint [0-9a-f]{64}\n$/);
    expect(json).toMatchObject({
      kind: "pack",
      architecture: "llama",
      parameters: 8496,
      dtype: "q4",
      vocab: 384,
      contextLength: 128,
      shards: 1,
      tokenizer: true,
      template: true,
      generation: { eos: [2], bos: 0, systemPrompt: "Be kind." },
      licence: "MIT",
      cache: { policy: "window", sinks: 4, window: 32, dtype: "int8" },
      provenance: { format: "gguf", name: "Tiny", files: [{ file: "tiny-llama.gguf" }] },
      verified: true,
    });
    expect(summary).toContain(`fingerprint ${json.fingerprint}`);
  });

  it("count bytes by part so that they add up to the tensors, and the cache of a window as bounded", () => {
    const parts = json.parts as Record<string, number>;
    expect(Object.keys(parts).sort()).toEqual(["embedding and head", "mlp", "norms", "self_attn"]);
    const padding = (json.bytes as number) - Object.values(parts).reduce((a, b) => a + b, 0);
    expect(padding).toBeGreaterThanOrEqual(0);
    expect(padding).toBeLessThan(64 * 10);
    // One head of 8 values: keys and values as int8 with an f32 scale each.
    expect(json.state).toEqual({ fixedBytes: 0, bytesPerToken: 2 * (8 + 4), maxBytes: 24 * (4 + 32 + 64) });
  });

  it("never send a terminal what a pack's text holds", () => {
    expect(text).toContain("Tiny\ufffd[2J");
    expect(text).not.toContain("\u001b");
  });

  it("take windows of single layers, tell of them and count them, and refuse those of no layer", async () => {
    await inFolder(async (folder) => {
      const pack = join(folder, "pack");
      const made = await inProcess(["convert", tinyLlama, pack, "--window", "32", "--sinks", "4", "--windows", "0=16"]);
      expect(made).toMatchObject({ exitCode: 0, stderr: "" });
      const { cache, state } = JSON.parse((await inProcess(["info", pack, "--json"])).stdout);
      expect(cache).toEqual({ policy: "window", sinks: 4, window: 32, windows: { "0": 16 }, dtype: "int8" });
      expect(state).toEqual({ fixedBytes: 0, bytesPerToken: 24, maxBytes: 24 * (4 + 16 + 64) });
      expect((await inProcess(["info", pack])).stdout).toContain(
        "the last 32 positions (16 in layer 0) and the first 4",
      );
      const refused = async (...options: string[]) => {
        const { exitCode, stdout, stderr } = await inProcess(["convert", tinyLlama, join(folder, "none"), ...options]);
        expect([exitCode, stdout]).toEqual([2, ""]);
        return stderr;
      };
      expect(await refused("--window", "32", "--windows", "7=16")).toBe(
        "rivulet: --windows, or rivulet_cache.windows in config.json: expected layers with attention (0), got 7\n",
      );
      expect(await refused("--windows", "0=16")).toBe("rivulet: --windows: only with --window\n");
      for (const bad of ["0", "0=0", "0=16,0=32", "a=16", "0=16,", "0=-1", "0=2000000"])
        expect(await refused("--window", "32", "--windows", bad), bad).toContain("expected pairs like 20=2048,23=2048");
    });
  });

  it("name the file of a pack that is damaged", async () => {
    await inFolder(async (folder) => {
      const pack = join(folder, "pack");
      await inProcess(["convert", tinyLlama, pack]);
      await truncate(join(pack, "shard-000.bin"), 1000);
      const cut = await inProcess(["info", pack]);
      expect(cut).toMatchObject({ exitCode: 2, stdout: "" });
      expect(cut.stderr).toMatch(/^rivulet: shard-000\.bin: expected \d+ bytes, got 1000\n$/);
      await rm(join(pack, "shard-000.bin"));
      expect((await inProcess(["info", pack])).stderr).toMatch(/^rivulet: .*shard-000\.bin: no such file\n$/);
    });
  });

  it("say before and after whether a tokenizer can be used", async () => {
    await inFolder(async (folder) => {
      const fine = JSON.parse((await inProcess(["info", fixture("tiny-llama.gguf"), "--json"])).stdout);
      expect(fine).toMatchObject({ tokenizer: true, template: true, textFault: null });
      expect((await inProcess(["info", tinyLlama])).stdout).toMatch(/^tokenizer +yes, and chat template$/m);
      const tokenizer = ({ model }: { model: object }) => void Object.assign(model, { type: "WordPiece" });
      const source = await changedFolder(folder, { tokenizer });
      const fault = 'tokenizer: model.type: expected "BPE", got "WordPiece"; convert --no-tokenizer leaves it out';
      expect((await inProcess(["info", source])).stdout).toContain(`cannot be used: ${fault}`);
      const pack = join(folder, "pack");
      const refused = await inProcess(["convert", source, pack]);
      expect(refused).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining(fault) });
      expect(await inProcess(["convert", source, pack, "--no-tokenizer"])).toMatchObject({ exitCode: 0 });
      expect((await inProcess(["info", pack])).stdout).toMatch(/^tokenizer +none: can be scored/m);
    });
  });

  it("tell of a config alone what it would be", async () => {
    const { stdout } = await inProcess(["info", join(tinyLlama, "config.json"), "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: "config",
      architecture: "llama",
      parameters: 8496,
      bytesAt: { f32: 8496 * 4 },
    });
    const config = join(tinyLlama, "config.json");
    const { stages } = JSON.parse((await inProcess(["info", config, "--stages", "2", "--json"])).stdout);
    expect(stages.map(({ blocks }: { blocks: unknown }) => blocks)).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  it("say which stage holds what, and every command takes a divided pack", async () => {
    await inFolder(async (folder) => {
      const [whole, divided, ids] = ["whole", "divided", "ids.json"].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      await inProcess(["convert", tinyLlama, whole, "--dtype", "f32"]);
      const made = await inProcess(["convert", tinyLlama, divided, "--dtype", "f32", "--stages", "3"]);
      expect(made.stdout).toMatch(/in 3 shards, 3 stages\n/);
      const { stages, shards, parameters, verified } = JSON.parse(
        (await inProcess(["info", divided, "--json"])).stdout,
      );
      expect([shards, parameters, verified]).toEqual([3, 8496, true]);
      expect(stages.map(({ blocks }: { blocks: unknown }) => blocks)).toEqual([
        [0, 0],
        [0, 2],
        [2, 2],
      ]);
      const text = (await inProcess(["info", divided])).stdout;
      expect(text).toMatch(/\n {2}stage 1 +blocks 0 to 1, [\d.]+ kB in shards 1 to 1, state at most [\d.]+ kB\n/);
      await writeFile(ids, JSON.stringify(Array.from({ length: 90 }, (_, i) => (i * 31) % 384)));
      const score = async (pack: string) =>
        JSON.parse((await inProcess(["score", pack, "--tokens", ids, "--split", "32"])).stdout);
      expect((await score(divided)).nll).toBe((await score(whole)).nll);
      const generate = async (pack: string) => {
        const { stdout } = await inProcess(["generate", pack, "Hello", "--max-tokens", "12", "--json"]);
        return JSON.parse(stdout) as { ids: number[] };
      };
      expect((await generate(divided)).ids).toEqual((await generate(whole)).ids);
      const bench = JSON.parse((await inProcess(["bench", divided, "--depths", "0", "--json"])).stdout);
      expect(bench.depths[0].decode_tokens_per_s).toBeGreaterThan(0);
    });
  });
});
