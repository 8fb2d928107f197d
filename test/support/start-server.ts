/** The real start script, as its own process, and the HTTP client of a test. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

export interface Started {
  supervisor: ChildProcess;
  url: string;
  output: () => string;
  /** Resolves to the exit code of the start script. */
  ended: Promise<number | null>;
}

/** In one process, unless a test or whoever runs it says otherwise. */
function workersOf(args: readonly string[]): string[] {
  const { TEST_WORKERS = "1" } = process.env;
  return args.includes("--workers") || args.includes("--help") ? [] : ["--workers", TEST_WORKERS];
}

/** Runs the script until it invites, or to its end; `descriptors`: as many as its machine allows it. */
export function start(
  args: string[],
  env: Record<string, string> = {},
  restarts = false,
  descriptors?: number,
): Promise<Started> {
  const own = [join(root, "scripts/start.ts"), ...args, ...workersOf(args), ...(restarts ? [] : ["--no-restart"])];
  const within = ["-c", `ulimit -n ${descriptors}; exec "$0" "$@"`, process.execPath];
  const [command, all] = descriptors === undefined ? [process.execPath, own] : ["/bin/sh", [...within, ...own]];
  const supervisor = spawn(command, all, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ended = new Promise<number | null>((resolve) => supervisor.once("exit", resolve));
  return new Promise((resolve) => {
    const started = (url: string) => resolve({ supervisor, url, output: () => output, ended });
    for (const stream of [supervisor.stdout, supervisor.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk;
        const invitation = /^curl (http:\/\/127\.0\.0\.1:\d+)\/.*\n/m.exec(output);
        if (invitation) started(invitation[1]!);
      });
    }
    // After "exit", so that its last words are in.
    supervisor.once("close", () => started(""));
  });
}

export const serverPid = (folder: string): number =>
  JSON.parse(readFileSync(join(folder, "process.json"), "utf8")).server;

export async function post(url: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "tiny", max_tokens: 12, ...body }),
  });
}
