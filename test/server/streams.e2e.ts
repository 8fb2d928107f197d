import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { outcome, rivulet, start } from "../cli/run.ts";
import { KillableServer } from "../kill/killable-server.ts";
import { streamKillRun } from "../kill/stream-run.ts";
import { servedPack } from "../support/served-pack.ts";
import { tinyForecaster } from "../support/tiny-forecaster.ts";

const folder = mkdtempSync(join(tmpdir(), "rivulet-streams-"));
let server: KillableServer;
let twin: KillableServer;

beforeAll(async () => {
  const [pack, forecaster] = [await servedPack("tiny", folder), await tinyForecaster(folder)];
  const options = (name: string) => ({ folder: join(folder, name), pack, forecaster });
  server = new KillableServer(options("server"));
  twin = new KillableServer(options("twin"));
  await server.start();
  await twin.start();
});

afterAll(async () => {
  await Promise.all([server.end(), twin.end()]);
  rmSync(folder, { recursive: true, force: true });
});

it("ends where an undisturbed stream stands, however often the server is killed", { timeout: 600_000 }, async () => {
  const report = await streamKillRun(server, twin, { batches: 24, kills: 5, seed: 7, limitMs: 590_000 });
  expect(report.kills).toBe(5);
});

it("so do streams that are fed in one request, now and then alone", { timeout: 600_000 }, async () => {
  const run = { batches: 24, kills: 6, seed: 8, streams: 5, aloneEvery: 7, limitMs: 590_000 };
  expect((await streamKillRun(server, twin, run)).kills).toBe(6);
});

it("is fed from standard input by the command", { timeout: 300_000 }, async () => {
  const child = start(["stream", server.url, "--json", "--horizon", "3", "--delete"], [], "pipe");
  child.stdin!.end("load\n1\n2\nNA\n3\n2\n");
  const { exitCode, stdout, stderr } = await outcome(child);
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.at(-2).position).toBe(5);
  expect(lines.at(-1).steps).toHaveLength(3);
});

it("is fed from a file that is there, and begins no stream without a value", { timeout: 300_000 }, async () => {
  const streams = async () =>
    ((await (await fetch(`${server.url}/v1/streams?limit=100`)).json()) as { data: object[] }).data.length;
  const before = await streams();
  const missing = await rivulet("stream", server.url, join(folder, "nothing.csv"));
  expect(missing.stderr).toMatch(/^rivulet: ENOENT: [^\n]*nothing\.csv'\n$/);
  expect(missing.exitCode).toBe(2);
  expect((await rivulet("stream", server.url, folder)).stderr).toMatch(/rivulet: EISDIR[^\n]*\n$/);
  const child = start(["stream", server.url, "-"], [], "pipe");
  child.stdin!.end("one\ntwo\n");
  expect((await outcome(child)).stderr).toContain('line 2: expected a number, got "two"');
  const empty = start(["stream", server.url], [], "pipe");
  empty.stdin!.end("");
  const nothing = await outcome(empty);
  expect(nothing.exitCode).toBe(2);
  expect(nothing.stderr).toContain("rivulet: standard input: expected values, got none\n");
  writeFileSync(join(folder, "head.csv"), "time,load\n");
  const headed = await rivulet("stream", server.url, join(folder, "head.csv"), "--json");
  expect(headed.exitCode).toBe(2);
  expect(headed.stderr).toBe(`rivulet: ${join(folder, "head.csv")}: expected values, got none\n`);
  expect(await streams()).toBe(before);
  writeFileSync(join(folder, "load.csv"), "time,load\n2026-01-01T00:00:00Z,4\n2026-01-01T01:00:00Z,5\n");
  const { exitCode, stdout } = await rivulet("stream", server.url, join(folder, "load.csv"), "--horizon", "1");
  expect(exitCode).toBe(0);
  expect(stdout.split("\n")).toHaveLength(4);
  expect(await streams()).toBe(before + 1);
});

it("says which line is wrong, and removes the stream then too where it was asked to", {
  timeout: 300_000,
}, async () => {
  const child = start(["stream", server.url, "--delete"], [], "pipe");
  child.stdin!.end("1\ntwo\n");
  const { exitCode, stderr } = await outcome(child);
  expect(stderr).toContain('line 2: expected a number, got "two"');
  expect(exitCode).toBe(2);
  const id = stderr.split("\n")[0];
  expect(id).toMatch(/^[\w-]+$/);
  expect((await fetch(`${server.url}/v1/streams/${id}`)).status).toBe(404);
});
