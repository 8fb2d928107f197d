/**
 * What `npm pack` makes, installed by npm into an empty folder: the command, the typed client, and the
 * Worker mounted in another one.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, matchesGlob } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root, version } from "../../scripts/package-root.ts";
import { freePort } from "../support/free-port.ts";
import { tinyPack } from "../support/tiny-pack.ts";

const work = mkdtempSync(join(tmpdir(), "rivulet-package-"));
const app = join(work, "app");
const installed = join(app, "node_modules");
const running: ChildProcess[] = [];
const npm = (cwd: string, ...args: string[]) =>
  execFileSync("npm", [...args, "--offline", "--no-audit", "--no-fund"], { cwd, encoding: "utf8", stdio: "pipe" });
/** The tarball of a package, which `npm pack` made before. */
const tarball = (name: string) => join(work, `${name}-${version}.tgz`);

beforeAll(async () => {
  // In place of the default model's weights a tiny model's, in a package that is otherwise the same.
  const weights = await tinyPack(work);
  cpSync(join(root, "models/rivulet-150m/package.json"), join(weights, "package.json"));
  npm(root, "pack", root, weights, join(root, "models/rivulet-forecast"), "--pack-destination", work);
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
  // The runtime is the one that is here: this test asks no registry.
  const tarballs = ["rivulet", "rivulet-150m", "rivulet-forecast"].map(tarball);
  npm(app, "install", ...tarballs, join(root, "node_modules/workerd"));
}, 300_000);
afterAll(async () => {
  for (const child of running) child.kill("SIGTERM");
  rmSync(work, { recursive: true, force: true });
});

/** Starts a program and waits for a line of its output. */
async function until(child: ChildProcess, wanted: RegExp): Promise<RegExpExecArray> {
  running.push(child);
  let output = "";
  return new Promise((resolve, reject) => {
    child.once("close", (code) => reject(new Error(`ended with ${code}\n${output}`)));
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        output += chunk;
        const found = wanted.exec(output);
        if (found) resolve(found);
      });
  });
}

const run = (...args: string[]) => spawnSync(join(installed, ".bin/rivulet"), args, { cwd: app, encoding: "utf8" });

it("is small, since the language model's and the forecaster's weights are packages of their own, and names nothing of the machine that built it", () => {
  // What recall compares sentences with is a part of it.
  const encoderBytes = statSync(join(installed, "rivulet/dist/npm/sentence-encoder/encoder.bin")).size;
  expect(statSync(tarball("rivulet")).size).toBeLessThan(encoderBytes + 2_000_000);
  expect(statSync(tarball("rivulet-forecast")).size).toBeLessThan(2_000_000);
  expect(gunzipSync(readFileSync(tarball("rivulet"))).includes(root)).toBe(false);
  expect(readFileSync(join(installed, "rivulet/dist/npm/worker/worker.js"), "utf8")).not.toMatch(
    /FAULTS|FAULT_HOOK|FAULT_POINTS|fault at /,
  );
  expect(readdirSync(join(installed, "rivulet")).toSorted()).toEqual(
    expect.arrayContaining(["README.md", "bin", "dist", "package.json"]),
  );
});

it.each(["rivulet-150m", "rivulet-forecast"])("%s is a package with every file of its pack in it", (name) => {
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const own = JSON.parse(readFileSync(join(root, "models", name, "package.json"), "utf8"));
  expect(optionalDependencies[name]).toBe(own.version);
  const pack = join(installed, name);
  expect(run("info", pack).stderr).toBe("");
  // The default model's own files are named like those of the tiny one that stands for it here.
  const { shards, tokenizer, template } = JSON.parse(readFileSync(join(root, "models", name, "manifest.json"), "utf8"));
  for (const { file } of [...shards, tokenizer, template].filter(Boolean))
    expect(
      own.files.some((pattern: string) => matchesGlob(file, pattern)),
      file,
    ).toBe(true);
});

it("explains itself, and computes with the pack that was installed beside it", () => {
  expect(run("--version").stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(run("start", "--help").stdout).toMatch(/^Usage: rivulet start \[options\][\s\S]+--persist-to <folder>/);
  expect(run("info", join(installed, "rivulet-150m")).stdout).toMatch(/^name +tiny$/m);
  const generated = run("generate", join(installed, "rivulet-150m"), "Hello", "--max-tokens", "4", "--json");
  expect(JSON.parse(generated.stdout).ids, generated.stderr).toHaveLength(4);
  const wrong = run("start", "--pack", "nowhere");
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining("rivulet convert <source> <pack>")]);
});

it("serves the installed weights, answers the typed client, goes on after a restart with more processes, and stops", async () => {
  const ask = `
    import { Rivulet } from "rivulet/client";
    const rivulet = new Rivulet({ url: process.argv[2] });
    const { text, usage } = await rivulet.answer({ conversation: "mine", text: "Hello!", maxTokens: 8 });
    const { status } = await rivulet.prefixes.compute("manual", "A long text. ".repeat(9));
    const under = await rivulet.answer({ conversation: "other", text: "Hm?", prefix: "manual", maxTokens: 4 });
    const post = async (path, body) => {
      const headers = { "content-type": "application/json" };
      return (await fetch(process.argv[2] + path, { method: "POST", headers, body: JSON.stringify(body) })).json();
    };
    const { id } = await post("/v1/streams", {});
    const { forecast } = await post("/v1/streams/" + id + "/values", { values: [1, 2, 1, 2, 1], forecast: 1 });
    console.log(JSON.stringify({ text, usage, status, under: under.usage, forecast }));`;
  writeFileSync(join(app, "ask.mjs"), ask);
  const replies = [];
  for (const workers of ["1", "2"]) {
    const server = spawn(join(installed, ".bin/rivulet"), ["start", "--port", "0", "--workers", workers], { cwd: app });
    const [, url] = await until(server, /^curl (http:\/\/127\.0\.0\.1:\d+)\//m);
    replies.push(JSON.parse(execFileSync(process.execPath, ["ask.mjs", url!], { cwd: app, encoding: "utf8" })));
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGTERM");
    expect(await ended).toBe(0);
  }
  expect(replies[0]).toMatchObject({ usage: { cached_tokens: 0 }, status: "completed" });
  expect(replies[0].text.length).toBeGreaterThan(0);
  expect(replies[0].forecast.steps).toHaveLength(1);
  expect(replies[1].forecast.steps).toEqual(replies[0].forecast.steps);
  expect(replies[0].under.cached_tokens).toBeGreaterThan(100);
  expect(replies[1].usage.cached_tokens).toBeGreaterThanOrEqual(replies[0].usage.prompt_tokens);
}, 120_000);

it("says what is missing where a model's package is not installed", async () => {
  const [model, forecaster] = ["rivulet-150m", "rivulet-forecast"].map((name) => join(installed, name));
  const away = join(work, "away");
  const server = (...args: string[]) => spawn(join(installed, ".bin/rivulet"), ["start", ...args], { cwd: app });
  renameSync(forecaster!, away);
  try {
    const child = server("--port", "0");
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk));
    const [, url] = await until(child, /^curl (http:\/\/127\.0\.0\.1:\d+)\//m);
    expect(output).toContain("npm install rivulet-forecast");
    const headers = { "content-type": "application/json" };
    const begun = await fetch(`${url}/v1/streams`, { method: "POST", headers, body: "{}" });
    expect([begun.status, await begun.text()]).toEqual([503, expect.stringContaining("package rivulet-forecast")]);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  } finally {
    renameSync(away, forecaster!);
  }
  renameSync(model!, away);
  try {
    const without = run("start", "--port", "0");
    expect([without.status, without.stderr]).toEqual([2, expect.stringContaining("npm install rivulet-150m")]);
  } finally {
    renameSync(away, model!);
  }
}, 120_000);

it("is mounted by a Worker of one's own, as the template has it", async () => {
  const own = join(work, "own");
  cpSync(join(root, "templates/worker"), own, { recursive: true });
  cpSync(join(own, ".dev.vars.example"), join(own, ".dev.vars"));
  mkdirSync(join(own, "node_modules/@cloudflare"), { recursive: true });
  for (const name of ["hono", "wrangler", "@cloudflare/workers-types"])
    symlinkSync(join(root, "node_modules", name), join(own, "node_modules", name));
  for (const name of ["rivulet", "rivulet-150m", "rivulet-forecast"])
    symlinkSync(join(installed, name), join(own, "node_modules", name));
  const tsc = spawnSync(join(root, "node_modules/.bin/tsc"), ["--noEmit"], { cwd: own, encoding: "utf8" });
  expect(tsc.stdout + tsc.stderr).toBe("");
  const port = await freePort();
  const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" };
  const dev = spawn(process.execPath, [wrangler, "dev", "--port", String(port)], { cwd: own, env });
  await until(dev, /Ready on http/);
  const url = `http://127.0.0.1:${port}`;
  expect(await (await fetch(url)).text()).toContain("my own Worker");
  const post = async (path: string, body: object) => {
    const headers = { "content-type": "application/json" };
    const reply = await fetch(`${url}/ai${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: reply.status, json: (await reply.json()) as Record<string, unknown> };
  };
  const asked = { model: "tiny", conversation: "mine", messages: [{ role: "user", content: "Hello!" }], max_tokens: 4 };
  const reply = await post("/v1/chat/completions", asked);
  expect(reply).toMatchObject({ status: 200, json: { usage: { completion_tokens: 4 } } });
  const { json: stream } = await post("/v1/streams", {});
  const fed = await post(`/v1/streams/${stream.id}/values`, { values: [1, 2, 1, 2, 1], forecast: 1 });
  expect(fed).toMatchObject({ status: 200, json: { position: 5, forecast: { steps: [{ time: null }] } } });
  // Below another path everything is as it is at the root: the page's own files, refusals, and what is no path.
  const bare = await fetch(`${url}/ai`);
  expect([bare.url, bare.status]).toEqual([`${url}/ai/`, 200]);
  const html = await bare.text();
  for (const [, link] of html.matchAll(/(?:href|src)="([^":]+)"/g))
    expect((await fetch(new URL(link!, bare.url))).status, link).toBe(200);
  const missing = await fetch(`${url}/ai/nothing`);
  expect([missing.status, await missing.json()]).toMatchObject([404, { error: { code: "not_found" } }]);
  for (const path of ["manifest.json", "rivulet-150m/manifest.json"])
    for (const below of ["", "ai/"])
      expect((await fetch(`${url}/${below}${path}`)).status, `${below}${path} is not public`).toBe(404);
}, 120_000);
