/** rivulet pull, against a hub on this machine. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { downloadPace } from "../../src/hub/download.ts";
import { inProcess, type Outcome } from "../cli/in-process.ts";
import { tinyLlama } from "../convert/folder.ts";
import { fixture } from "../convert/sample-files.ts";
import { type HubFile, LocalHub } from "./local-hub.ts";

let hub: LocalHub;
let folder: string;
let files: Record<string, HubFile>;

downloadPace.waitMs = 1;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rivulet-pull-"));
  hub = await LocalHub.open();
  files = Object.fromEntries(
    await Promise.all(
      (await readdir(tinyLlama)).map(
        async (name): Promise<[string, HubFile]> => [
          name,
          { content: await readFile(join(tinyLlama, name)), large: name.endsWith(".safetensors") },
        ],
      ),
    ),
  );
  hub.repositories["ada/tiny"] = { files, card: { license: "apache-2.0" } };
});

afterEach(async () => {
  await hub.close();
  await rm(folder, { recursive: true });
});

async function pull(args: string[], environment: Record<string, string> = {}): Promise<Outcome> {
  const set = { HF_ENDPOINT: hub.url, HF_TOKEN: "", ...environment };
  const before = Object.fromEntries(Object.keys(set).map((key) => [key, process.env[key]]));
  Object.assign(process.env, set);
  try {
    return await inProcess(["pull", ...args]);
  } finally {
    for (const [key, value] of Object.entries(before))
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
  }
}

const pack = () => join(folder, "pack");
const manifest = async () => JSON.parse(await readFile(join(pack(), "manifest.json"), "utf8"));
/** Nothing but what is expected lies beside the pack. */
const left = async () => (await readdir(folder)).sort();

it("downloads, converts, and says licence and commit; the token goes to the hub and not to the store", async () => {
  hub.repositories["ada/tiny"]!.token = "hf_secret";
  const { exitCode, stdout } = await pull(["ada/tiny", pack(), "--dtype", "f32"], { HF_TOKEN: "hf_secret" });
  expect(exitCode).toBe(0);
  expect(stdout).toContain("ada/tiny at c0ffee00c0ff, licence: apache-2.0\n");
  expect(await left()).toEqual(["pack"]);
  const found = await manifest();
  expect(found).toMatchObject({ name: "tiny", licence: "apache-2.0", dtype: "f32" });
  expect(found.provenance).toMatchObject({ repository: "ada/tiny", revision: "c0ffee00".repeat(5) });
  expect(hub.stored.length).toBeGreaterThan(0);
  for (const { token } of hub.stored) expect(token).toBeUndefined();
});

it("takes the pack that convert makes of the same files", async () => {
  await inProcess(["convert", tinyLlama, join(folder, "converted")]);
  await pull(["ada/tiny@main", pack()]);
  const shard = "shard-000.bin";
  expect(await readFile(join(pack(), shard))).toEqual(await readFile(join(folder, "converted", shard)));
});

describe("a connection that tears", () => {
  const whole = () => files["model.safetensors"]!.content.length;

  it("goes on where it ended, in the same call", async () => {
    hub.faults = { tearAfter: (answer) => (answer < 3 ? 5000 : undefined) };
    expect(await pull(["ada/tiny", pack()])).toMatchObject({ exitCode: 0 });
    const ranges = hub.stored.map(({ range }) => range).filter((range) => range !== "bytes=0-0");
    expect(ranges).toHaveLength(4);
    expect(ranges[0]).toBeUndefined();
    for (const range of ranges.slice(1)) expect(range).toMatch(/^bytes=[1-9]\d*-/);
    expect(hub.stored.reduce((n, { bytes }) => n + bytes, 0)).toBeLessThan(2 * whole());
  });

  it("goes on in the next call when it stays away, and leaves no pack until then", async () => {
    hub.faults = { tearAfter: (answer) => (answer === 0 ? 7000 : 0) };
    const broken = await pull(["ada/tiny", pack()]);
    expect(broken.exitCode).toBe(1);
    expect(broken.stderr).toMatch(
      /^rivulet: ada\/tiny: model\.safetensors: .*; \d+ of \d+ bytes are kept, the same command goes on from there\n$/,
    );
    expect(await left()).toEqual([".pack.download"]);
    hub.faults = {};
    const before = hub.stored.length;
    expect(await pull(["ada/tiny", pack()])).toMatchObject({ exitCode: 0 });
    expect(hub.stored.slice(before).map(({ range }) => range)).toContainEqual(
      expect.stringMatching(/^bytes=[1-9]\d*-/),
    );
    expect(await left()).toEqual(["pack"]);
  });

  it("begins again where the store gives no parts", async () => {
    hub.faults = { tearAfter: (answer) => (answer === 0 ? 7000 : undefined), ignoreRanges: true };
    expect(await pull(["ada/tiny", pack()])).toMatchObject({ exitCode: 0 });
  });
});

it("fetches again what came damaged, and refuses it the second time", async () => {
  const damaged = (content: Uint8Array) => content.map((byte, i) => (i === 9000 ? byte ^ 1 : byte));
  hub.faults = { damage: (content, answer) => (answer === 0 ? damaged(content) : content) };
  expect(await pull(["ada/tiny", pack()])).toMatchObject({ exitCode: 0 });
  hub.faults = { damage: damaged };
  const { exitCode, stderr } = await pull(["ada/tiny", join(folder, "other")]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("ada/tiny: model.safetensors: expected sha256");
  expect(existsSync(join(folder, "other"))).toBe(false);
});

it("does not mix the files of two commits", async () => {
  hub.faults = { tearAfter: () => 0 };
  await pull(["ada/tiny", pack()]);
  const download = join(folder, ".pack.download");
  await writeFile(join(download, ".origin"), "ada/tiny@another\n");
  await writeFile(join(download, "model.safetensors"), Buffer.alloc(files["model.safetensors"]!.content.length));
  hub.faults = {};
  expect(await pull(["ada/tiny", pack()])).toMatchObject({ exitCode: 0 });
});

it("reads an index and the files it names", async () => {
  const { "model.safetensors": single, ...rest } = files;
  const header = JSON.parse(
    new TextDecoder().decode(
      single!.content.subarray(
        8,
        8 + Number(new DataView(Uint8Array.from(single!.content).buffer).getBigUint64(0, true)),
      ),
    ),
  );
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  const part = "model-00001-of-00001.safetensors";
  const index = JSON.stringify({ weight_map: Object.fromEntries(names.map((name) => [name, part])) });
  hub.repositories["ada/tiny"]!.files = {
    ...rest,
    [part]: single!,
    "model.safetensors.index.json": { content: new TextEncoder().encode(index) },
  };
  expect(await pull(["ada/tiny", pack(), "--stages", "2"])).toMatchObject({ exitCode: 0 });
  expect((await manifest()).stages).toHaveLength(2);
});

it("takes one GGUF file, by name where there are several", async () => {
  const content = await readFile(fixture("tiny-llama.gguf"));
  hub.repositories["ada/gguf"] = {
    files: { "a-Q8_0.gguf": { content, large: true }, "b/a-F16.gguf": { content, large: true } },
  };
  const several = await pull(["ada/gguf", pack()]);
  expect(several).toMatchObject({ exitCode: 2 });
  expect(several.stderr).toContain("choose one with --file: a-Q8_0.gguf, b/a-F16.gguf");
  expect(await left()).toEqual([]);
  expect(await pull(["ada/gguf", pack(), "--file", "b/a-F16.gguf"])).toMatchObject({ exitCode: 0 });
  expect((await manifest()).name).toBe("gguf");
});

describe("one line that names what is wrong", () => {
  const config = (json: object) => ({ content: new TextEncoder().encode(JSON.stringify(json)) });

  it.each<[string, string[], () => void, string]>([
    ["no repository name", ["tiny"], () => {}, 'expected owner/name or owner/name@revision, got "tiny"'],
    ["a way out of the folder", ["../.."], () => {}, "expected owner/name"],
    ["a missing repository", ["ada/none"], () => {}, "ada/none: expected a repository that this caller may read"],
    ["a missing revision", ["ada/tiny@v9"], () => {}, "ada/tiny@v9: expected a repository and revision that exist"],
    [
      "a gated repository",
      ["ada/tiny"],
      () => Object.assign(hub.repositories["ada/tiny"]!, { gated: true, token: "hf_other" }),
      "gated: accept its terms",
    ],
    [
      "weights of another kind",
      ["ada/tiny"],
      () => {
        hub.repositories["ada/tiny"]!.files = { "config.json": config({}), "pytorch_model.bin": config({}) };
      },
      "expected config.json with .safetensors files, or a .gguf file; it has config.json, pytorch_model.bin",
    ],
    [
      "an architecture that is not known",
      ["ada/tiny"],
      () => {
        files["config.json"] = config({ model_type: "bert" });
      },
      'config.json: model_type: expected "bamba"',
    ],
  ])("%s", async (_, args, change, message) => {
    change();
    const { exitCode, stderr, stdout } = await pull([...args, pack()]);
    expect(stderr).toMatch(/^rivulet: [^\n]+\n$/);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(2);
    expect(stdout).not.toContain("fingerprint");
    expect(await left()).toEqual([]);
    expect(hub.stored).toEqual([]);
  });

  it("an endpoint that is no URL, or where nothing answers", async () => {
    expect(await pull(["ada/tiny", pack()], { HF_ENDPOINT: "hub" })).toMatchObject({ exitCode: 2 });
    const away = await pull(["ada/tiny", pack()], { HF_ENDPOINT: "http://127.0.0.1:1" });
    expect(away.exitCode).toBe(1);
    expect(away.stderr).toContain("http://127.0.0.1:1 did not answer");
  });

  it("a pack that is there already, before anything is asked for", async () => {
    await pull(["ada/tiny", pack()]);
    const asked = hub.asked.length;
    const again = await pull(["ada/tiny", pack()]);
    expect(again).toMatchObject({ exitCode: 2 });
    expect(again.stderr).toContain("is a pack already; --force overwrites it");
    expect(hub.asked).toHaveLength(asked);
    expect(await pull(["ada/tiny", pack(), "--force"])).toMatchObject({ exitCode: 0 });
  });
});
