import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { outcome, start } from "../cli/run.ts";
import { KillableServer } from "../kill/killable-server.ts";
import { streamKillRun } from "../kill/stream-run.ts";
import { tinyForecaster } from "../support/tiny-forecaster.ts";
import { tinyPack } from "../support/tiny-pack.ts";

const folder = mkdtempSync(join(tmpdir(), "rivulet-streams-"));
let server: KillableServer;
let twin: KillableServer;

beforeAll(async () => {
  const [pack, forecaster] = [await tinyPack(folder), await tinyForecaster(folder)];
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
