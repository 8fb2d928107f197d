/** llama-server as a process: where it was built (build-llama.ts), and how one is started and asked. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { pause } from "../../scripts/serve-process.ts";

export const MISSING = "llama-server is not built (node bench/peers/build-llama.ts): its rows are left out";

/** Its path; undefined where nobody built it. */
export function llamaServer(): string | undefined {
  const path = join(import.meta.dirname, "build/llama-native/bin/llama-server");
  return existsSync(path) ? path : undefined;
}

interface LlamaServer {
  url: string;
  pid: number;
  child: ChildProcess;
  end(): Promise<void>;
}

/** One thread; `args` beside the model and the port. */
export async function startLlamaServer(file: string, args: string[]): Promise<LlamaServer> {
  const port = await freePort();
  const own = ["--model", file, "--host", "127.0.0.1", "--port", String(port), "--threads", "1", "--no-webui"];
  const child = spawn(llamaServer()!, [...own, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr!.on("data", (chunk: Buffer) => {
    said = (said + chunk).slice(-4000);
  });
  const url = `http://127.0.0.1:${port}`;
  const isReady = () =>
    fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isReady())) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`llama-server ended:\n${said}`);
    await pause(100);
  }
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const end = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { url, pid: child.pid!, child, end };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
