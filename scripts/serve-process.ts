/** The server process of a folder: started, found again after its supervisor was killed, ended. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { printForPeople } from "./log-lines.ts";

interface ProcessFile {
  supervisor: number;
  /** Absent while it starts. */
  server?: number;
  port?: number;
}

/** The runtime itself; its package exports nothing else. */
const workerd: string = createRequire(import.meta.url)("workerd").default;

export class UserError extends Error {}

const fileOf = (folder: string) => join(folder, "process.json");
export const configOf = (folder: string) => join(folder, "workerd.capnp");

/** The command line of a living process, or "". */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return spawnSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" }).stdout ?? "";
  }
}

/** Ends a server that its supervisor left behind. Throws when the supervisor is alive: then the folder is in use. */
export async function reclaim(folder: string): Promise<void> {
  let left: ProcessFile;
  try {
    left = JSON.parse(readFileSync(fileOf(folder), "utf8"));
  } catch {
    return;
  }
  // A process id may have passed on to a stranger, whose command line is another.
  const { supervisor, server, port } = left;
  const serves = () => server !== undefined && commandOf(server).includes(configOf(folder));
  const isKept = supervisor !== process.pid && /\bstart\b/.test(commandOf(supervisor));
  if (isKept && (server === undefined || serves()))
    throw new UserError(
      server === undefined
        ? `already starting from ${folder} (process ${supervisor}); stop it first`
        : `already serving from ${folder} on port ${port} (process ${supervisor}); stop it first`,
    );
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (!serves()) break;
    process.kill(server!, signal);
    for (let i = 0; i < 40 && serves(); i++) await pause(50);
  }
  rmSync(fileOf(folder), { force: true });
}

/**
 * Takes a folder that was reclaimed, until its server says where it listens. Throws one line where
 * another start has just taken it.
 */
export function claim(folder: string): void {
  try {
    writeFileSync(fileOf(folder), JSON.stringify({ supervisor: process.pid } satisfies ProcessFile), { flag: "wx" });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
    throw new UserError(`another start has just taken ${folder}; stop it first`);
  }
}

/** Throws one line unless the port can be had. */
export function requireFree(port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      const what = error.code === "EADDRINUSE" ? "is in use by another program" : `cannot be had (${error.code})`;
      reject(new UserError(`port ${port} ${what}; choose one with --port`));
    });
    probe.listen({ port, host }, () => probe.close(() => resolve()));
  });
}

export interface Server {
  process: ChildProcess;
  /** The port that it listens on. */
  port: number;
}

/** As many descriptors as the machine allows: every object that is awake takes a few for its database. */
const WITH_ALL_DESCRIPTORS = 'ulimit -n "$(ulimit -Hn)" 2>/dev/null; exec "$0" "$@"';

/** Descriptors that this machine allows a process. */
export function descriptorsMax(): number {
  const { stdout } = spawnSync("/bin/sh", ["-c", "ulimit -Hn"], { encoding: "utf8" });
  return Number.parseInt(stdout ?? "", 10) || Number.POSITIVE_INFINITY;
}

interface Listening {
  /** Where it listens, if not where its configuration says. */
  address?: string | undefined;
  /** The port by which it is reached, where that is not its own. */
  shown?: number | undefined;
  /** The socket that others wait for, by its name in the configuration; "http" unless given. */
  socket?: string;
}

/** Resolves when the server listens. `runtime`: what is run in the place of workerd, for tests. */
export function launch(
  folder: string,
  { address, shown, socket = "http" }: Listening = {},
  runtime = workerd,
): Promise<Server> {
  const elsewhere = address === undefined ? [] : [`--socket-addr=http=${address}`];
  const command = [runtime, "serve", configOf(folder), "--control-fd=3", ...elsewhere];
  const child = spawn("/bin/sh", ["-c", WITH_ALL_DESCRIPTORS, ...command], {
    stdio: ["ignore", process.stdout.isTTY ? "pipe" : "inherit", "inherit", "pipe"],
  });
  if (child.stdout) printForPeople(child.stdout, (text) => process.stdout.write(text));
  return new Promise((resolve, reject) => {
    const endedAtOnce = (code: number | null, signal: string | null) =>
      reject(new Error(`the server ended at once (${signal ?? code})`));
    child.once("error", reject);
    child.once("exit", endedAtOnce);
    let lines = "";
    const listens = new RegExp(`^\\{"event":"listen","socket":"${socket}","port":(\\d+)\\}$`, "m");
    const control = child.stdio[3] as Readable;
    const read = (chunk: Buffer) => {
      lines += chunk;
      const listening = listens.exec(lines);
      if (!listening) return;
      const port = Number(listening[1]);
      writeFileSync(
        fileOf(folder),
        JSON.stringify({ supervisor: process.pid, server: child.pid, port: shown ?? port }),
      );
      // It may tell of another socket later, when others wait for its end already: what it says is read on, so that it
      // can go on, and means nothing here.
      control.off("data", read).resume();
      child.off("exit", endedAtOnce);
      resolve({ process: child, port });
    };
    control.on("data", read);
  });
}

/** Ends the server: politely, then not. */
export async function end(folder: string, { process: child }: Server): Promise<void> {
  const ended = new Promise<void>((resolve) =>
    child.exitCode !== null || child.signalCode ? resolve() : child.once("exit", () => resolve()),
  );
  child.kill("SIGTERM");
  await Promise.race([ended, pause(3000)]);
  child.kill("SIGKILL");
  await ended;
  rmSync(fileOf(folder), { force: true });
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
