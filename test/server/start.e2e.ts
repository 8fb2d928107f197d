import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { onnxChatPack } from "../support/onnx-pack.ts";
import { servedPack } from "../support/served-pack.ts";
import { post, type Started, serverPid, start } from "../support/start-server.ts";
import { tinyPack } from "../support/tiny-pack.ts";

const work = mkdtempSync(join(tmpdir(), "rivulet-e2e-"));
const running: Started[] = [];
/** For tests that leave the server as it is. */
let shared: Started;
let sharedFolder: string;
let pack: string;
let folders = 0;

beforeAll(async () => {
  pack = await tinyPack(work, 4);
  await onnxChatPack(work);
  sharedFolder = newFolder();
  shared = await serve(sharedFolder, {}, pack, ["--pack", `long=${await servedPack("tiny-long", work)}`]);
  running.pop();
});
afterEach(async () => {
  for (const { supervisor, ended } of running.splice(0)) {
    supervisor.kill("SIGTERM");
    await ended;
  }
});
afterAll(async () => {
  shared?.supervisor.kill("SIGTERM");
  await shared?.ended;
  rmSync(work, { recursive: true, force: true });
});

const newFolder = () => join(work, `persist-${folders++}`);
async function serve(folder: string, env?: Record<string, string>, of = pack, more: string[] = []): Promise<Started> {
  const started = await start(["--port", "0", "--persist-to", folder, "--pack", of, ...more], env);
  running.push(started);
  expect(started.url, started.output()).not.toBe("");
  return started;
}
const say = (content: string) => [{ role: "user", content }];
const ask = async (url: string, conversation: string | undefined, content: string, more: object = {}) => {
  const response = await post(url, { conversation, messages: say(content), ...more });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text);
};
/** A process that ended but was not collected by its parent has no command line any more. */
const alive = (pid: number): boolean => existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`).length > 0;

it("serves, prints a curl line that works when pasted, and ends without leaving anything behind", async () => {
  const folder = newFolder();
  const { url, output, supervisor, ended } = await serve(folder);
  const line = output()
    .split("\n")
    .find((text) => text.startsWith("curl "))!;
  const reply = JSON.parse(execFileSync("bash", ["-c", line.replace("curl", "curl -s")], { encoding: "utf8" }));
  expect(reply.choices[0].message.content.length).toBeGreaterThan(0);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const server = serverPid(folder);
  supervisor.kill("SIGTERM");
  expect(await ended).toBe(0);
  expect(alive(server)).toBe(false);
});

it.each(["tiny", "tiny-4", "onnx-chat"])(
  "C4: %s goes on after SIGKILL of the server, and feeds only the new tokens",
  async (name) => {
    const folder = newFolder();
    const of = join(work, name);
    const first = await serve(folder, {}, of);
    const expected: string[] = [];
    for (const content of ["one", "two", "three"])
      expected.push((await ask(first.url, "twin", content)).choices[0].message.content);
    for (const content of ["one", "two"]) await ask(first.url, "ada", content);
    process.kill(serverPid(folder), "SIGKILL");
    expect(await first.ended).toBe(1);
    const second = await serve(folder, {}, of);
    const { choices, usage, timings } = await ask(second.url, "ada", "three");
    expect(choices[0].message.content).toBe(expected[2]);
    expect(timings.state).toBe("resumed");
    expect(timings.prefill_tokens).toBe(usage.prompt_tokens - usage.prompt_tokens_details.cached_tokens);
    expect(timings.prefill_tokens).toBeLessThan(50);
    expect(usage.prompt_tokens_details.cached_tokens).toBeGreaterThan(60);
  },
);

it("S1: a client that leaves a stream ends its generation, and the session goes on", async () => {
  const { url } = shared;
  // It takes seconds: one of some hundred tokens can be over before this process gets a moment to leave.
  const long = { model: "long", max_tokens: 60_000, logit_bias: { 257: -100 } };
  const response = await post(url, { ...long, conversation: "left", messages: say("go"), stream: true });
  const reader = response.body!.getReader();
  for (let i = 0; i < 5; i++) await reader.read();
  await reader.cancel();
  const next = await ask(url, "left", "more", { model: "long" });
  expect(next.timings.state).toBe("resumed");
  expect(next.usage.prompt_tokens).toBeLessThan(long.max_tokens);
});

it("a start after SIGKILL of the supervisor ends the server that it left behind", async () => {
  const folder = newFolder();
  const first = await serve(folder);
  await ask(first.url, "ada", "one");
  const orphan = serverPid(folder);
  first.supervisor.kill("SIGKILL");
  await first.ended.catch(() => {});
  expect(alive(orphan)).toBe(true);
  const second = await serve(folder);
  expect(alive(orphan)).toBe(false);
  expect((await ask(second.url, "ada", "two")).timings.state).toBe("resumed");
});

it("a second start on the same folder says so and leaves the first one alone", async () => {
  const { url } = shared;
  const second = await start(["--port", "0", "--persist-to", sharedFolder, "--pack", pack]);
  expect(await second.ended).toBe(2);
  expect(second.output()).toContain("already serving from");
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

it("refuses a port in use, bad options and missing packs with one line and code 2", async () => {
  const listener = createServer();
  const port = await new Promise<number>((resolve) => {
    listener.listen(0, "127.0.0.1", () => resolve((listener.address() as { port: number }).port));
  });
  const cases: [args: string[], message: string, env?: Record<string, string>][] = [
    [["--port", String(port), "--pack", pack, "--persist-to", newFolder()], `port ${port} is in use`],
    [["--port", "eighty"], "--port: expected 0 to 65535"],
    [[], "PORT: expected 0 to 65535, got eighty", { PORT: "eighty" }],
    [["--pack", pack], "ALLOWED_ORIGINS: expected origins", { ALLOWED_ORIGINS: "app.example" }],
    [["--pack", pack], "ALLOWED_HOSTS: expected names", { ALLOWED_HOSTS: "http://app.example" }],
    [["--pack", pack, "--persist-to", "/proc/none"], "--persist-to: /proc/none cannot be used (E"],
    [["--pack", pack, "--persist-to", "/dev/null"], "--persist-to: /dev/null cannot be used (ENOTDIR)"],
    [["--speed"], "--speed"],
    [["--pack", join(work, "none")], "expected a folder with a manifest.json"],
  ];
  for (const [args, message, env] of cases) {
    const { ended, output } = await start(args, env);
    expect([await ended, output().trim().split("\n").length], output()).toEqual([2, 1]);
    expect(output()).toContain(message);
  }
  listener.close();
});

it("rivulet chat talks to the server, goes on with a named conversation, and says in one line what is wrong", async () => {
  const { url } = shared;
  const chat = (args: string[], input: string) =>
    spawnSync(process.execPath, ["bin/rivulet.js", "chat", ...args], {
      input,
      encoding: "utf8",
      env: { ...process.env, RIVULET_API_KEY: "" },
    });
  const first = chat([url, "--session", "ada", "--max-tokens", "5"], "one\n\ntwo\n");
  expect([first.status, first.stderr]).toEqual([0, ""]);
  expect(first.stdout).toMatch(/^[a-z ]{5}\n[a-z ]{5}\n$/);
  const { usage } = await ask(url, "ada", "three");
  expect(usage.prompt_tokens_details.cached_tokens).toBeGreaterThan(40);
  for (const args of [["http://127.0.0.1:1"], ["nowhere"], [url, "--session", "a b"]]) {
    const { status, stderr } = chat(args, "one\n");
    expect([status, stderr.trim().split("\n").length], stderr).toEqual([2, 1]);
  }
});

it("asks callers for a key when keys are configured, and keeps their conversations apart", async () => {
  const { createHash } = await import("node:crypto");
  const digest = (key: string) => createHash("sha256").update(key).digest("hex");
  const { url } = await serve(newFolder(), { API_KEYS: `ann:${digest("key-a")},bob:${digest("key-b")}` });
  const states: unknown[] = [];
  for (const key of [undefined, "", "wrong", "key-a", "key-b", "key-a"]) {
    const headers = key === undefined ? undefined : { authorization: `Bearer ${key}` };
    const response = await post(url, { conversation: "shared-name", messages: say("hi") }, headers);
    states.push(response.headers.get("x-rivulet-state") ?? response.status);
  }
  expect(states).toEqual([401, 401, 401, "new", "new", "resumed"]);
});

it("requests without a session leave no files of their own", async () => {
  const folder = newFolder();
  const { url } = await serve(folder);
  for (let i = 0; i < 60; i++) await ask(url, undefined, "hi");
  const objects = readdirSync(folder, { recursive: true }).filter((name) => /[0-9a-f]{64}\.sqlite$/.test(String(name)));
  // Eight objects share them, and the tenant's directory counts them.
  expect(objects.length).toBeLessThanOrEqual(9);
});

it("a server that died is started again on the same port, and the start says so; files are their owner's alone", async () => {
  const folder = newFolder();
  const started = await start(["--port", "0", "--persist-to", folder, "--pack", pack], {}, true);
  running.push(started);
  const { url, output } = started;
  await ask(url, "ada", "one");
  const first = serverPid(folder);
  process.kill(first, "SIGKILL");
  await expect.poll(() => serverPid(folder), { timeout: 240_000 }).not.toBe(first);
  // What it says comes through a pipe, and its file can be read before that.
  await expect.poll(output).toContain("the server ended (SIGKILL); starting it again");
  expect((await ask(url, "ada", "two")).timings.state).toBe("resumed");
  const limits = readFileSync(`/proc/${serverPid(folder)}/limits`, "utf8");
  const [, soft, hard] = /^Max open files +(\d+) +(\d+)/m.exec(limits)!;
  expect(soft).toBe(hard);
  for (const name of ["", ...readdirSync(folder, { recursive: true }).map(String)])
    expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0);
});
