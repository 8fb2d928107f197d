import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { claim, end, launch, pause, reclaim } from "../../scripts/serve-process.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A runtime that says where it listens in such pieces, each after the one before has been read, and then much else. */
function runtime(pieces: readonly string[]): { folder: string; path: string; isDone: () => boolean } {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-launch-"));
  folders.push(folder);
  const path = join(folder, "runtime");
  const said = pieces.map((piece) => `printf '%s' '${piece}' >&3; sleep 0.1`).join("\n");
  // More than a pipe holds: whoever says it waits until it is read.
  writeFileSync(path, `#!/bin/sh\n${said}\nhead -c 2000000 /dev/zero >&3\ntouch "${folder}/done"\nexec sleep 60\n`);
  chmodSync(path, 0o755);
  return { folder, path, isDone: () => existsSync(join(folder, "done")) };
}

const line = (socket: string, port: number) => `${JSON.stringify({ event: "listen", socket, port })}\n`;

it.each([
  ["one piece", [line("http", 4321)]],
  ["two pieces", [line("http", 4321).slice(0, 25), line("http", 4321).slice(25)]],
  ["two pieces, cut within the port", [line("http", 4321).slice(0, -4), line("http", 4321).slice(-4)]],
  [
    "the end of a line of another socket",
    [line("inside", 77).slice(0, 30), line("inside", 77).slice(30) + line("http", 4321)],
  ],
  [
    "two pieces, then of another socket in two",
    [
      line("http", 4321).slice(0, 9),
      line("http", 4321).slice(9),
      line("inside", 77).slice(0, 9),
      line("inside", 77).slice(9),
    ],
  ],
])("knows where its server listens from %s, and reads on what it says later", async (_, pieces) => {
  const { folder, path, isDone } = runtime(pieces);
  const server = await launch(folder, {}, path);
  try {
    expect(server.port).toBe(4321);
    expect(JSON.parse(readFileSync(join(folder, "process.json"), "utf8"))).toEqual({
      supervisor: process.pid,
      server: server.process.pid,
      port: 4321,
    });
    while (!isDone()) await pause(20);
    expect(server.process.exitCode).toBe(null);
  } finally {
    await end(folder, server);
  }
});

it("waits for the socket that was asked for", async () => {
  const { folder, path } = runtime([line("http", 4321), line("inside", 77).slice(0, 20), line("inside", 77).slice(20)]);
  const server = await launch(folder, { socket: "inside" }, path);
  expect(server.port).toBe(77);
  await end(folder, server);
});

it("fails when the server ends before it has said its whole line", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-launch-"));
  folders.push(folder);
  const path = join(folder, "runtime");
  writeFileSync(path, `#!/bin/sh\nprintf '%s' '${line("http", 4321).slice(0, 25)}' >&3\nexit 3\n`);
  chmodSync(path, 0o755);
  await expect(launch(folder, {}, path)).rejects.toThrow("the server ended at once (3)");
});

it("a folder is one start's from before its server listens, and the next one's when that start has ended", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-launch-"));
  folders.push(folder);
  await reclaim(folder);
  claim(folder);
  expect(() => claim(folder)).toThrow(`another start has just taken ${folder}`);
  // In the place of another start: a process whose command line has its name.
  const other = spawn("/bin/sh", ["-c", "sleep 60 & wait", "start"]);
  try {
    writeFileSync(join(folder, "process.json"), JSON.stringify({ supervisor: other.pid }));
    await expect(reclaim(folder)).rejects.toThrow(`already starting from ${folder} (process ${other.pid})`);
  } finally {
    const ended = once(other, "exit");
    other.kill("SIGKILL");
    await ended;
  }
  await reclaim(folder);
  claim(folder);
});
