/**
 * What one isolate holds, as workerd counts it, while as many conversations as it has memory slots talk in it: the heap
 * and the buffers of JavaScript after a collection of garbage, and the engine's memory as the server counts it.
 *
 *     node bench/isolate.ts [--memory 128M] [--talks 3]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { packFolder } from "../scripts/serve-pack.ts";
import { configOf } from "../scripts/serve-process.ts";
import { start } from "../test/support/start-server.ts";
import { figure, machine, table, writeSection } from "./section.ts";

const { values } = commandLine({
  memory: { type: "string", default: "128M" },
  talks: { type: "string", default: "3" },
});
const TALKS = Number(values.talks);
const MB = 1e6;
const MODEL = basename(packFolder());
const INSPECTOR = "127.0.0.1:9321";
const ADDRESS = "127.0.0.1:9322";
const url = `http://${ADDRESS}`;

/**
 * A server of workerd's own, with its configuration and an inspector; what is called in
 * the isolate may collect garbage.
 */
async function serve(folder: string) {
  const first = await start(["--port", "0", "--persist-to", folder, "--memory", values.memory]);
  first.supervisor.kill("SIGTERM");
  await first.ended;
  const config = readFileSync(configOf(folder), "utf8");
  const begin = "const config :Workerd.Config = (";
  writeFileSync(configOf(folder), config.replace(begin, `${begin}\n  v8Flags = ["--expose-gc"],`));
  const workerd: string = createRequire(import.meta.url)("workerd").default;
  const args = ["serve", configOf(folder), `--inspector-addr=${INSPECTOR}`, `--socket-addr=http=${ADDRESS}`];
  const server = spawn(workerd, args, { stdio: ["ignore", "ignore", "inherit"] });
  while (!(await fetch(`${url}/healthz`).catch(() => undefined)))
    await new Promise((resolve) => setTimeout(resolve, 100));
  return server;
}

interface Reply {
  id?: number;
  method?: string;
  params?: { context: { id: number } };
  result: { usedSize: number; backingStorageSize: number; embedderHeapUsedSize: number };
}

/** The isolate's inspector. */
class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #calls = 0;
  #context = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const reply = JSON.parse(String(data)) as Reply;
      if (reply.method === "Runtime.executionContextCreated") this.#context = reply.params!.context.id;
      if (reply.id !== undefined) this.#waiting.get(reply.id)?.(reply);
    });
  }

  static async open(): Promise<Inspector> {
    const [isolate] = (await (await fetch(`http://${INSPECTOR}/json`)).json()) as { webSocketDebuggerUrl: string }[];
    const socket = new WebSocket(isolate!.webSocketDebuggerUrl);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    const inspector = new Inspector(socket);
    await inspector.#call("Runtime.enable");
    return inspector;
  }

  /** Bytes after a collection of garbage. */
  async held(): Promise<{ heap: number; buffers: number }> {
    await this.#call("Runtime.evaluate", { expression: "gc(); gc();", contextId: this.#context });
    const { usedSize, embedderHeapUsedSize, backingStorageSize } = (await this.#call("Runtime.getHeapUsage")).result;
    return { heap: usedSize + embedderHeapUsedSize, buffers: backingStorageSize };
  }

  close(): void {
    this.#socket.close();
  }

  #call(method: string, params: object = {}): Promise<Reply> {
    const id = ++this.#calls;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }
}

const rows: (string | number)[][] = [];
let most = 0;

async function note(inspector: Inspector, when: string): Promise<void> {
  const { heap, buffers } = await inspector.held();
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const engine = Number(/^rivulet_engine_memory_bytes\{.*\} (\S+)/m.exec(metrics)?.[1] ?? 0);
  most = Math.max(most, heap + buffers + engine);
  rows.push([when, ...[engine, heap, buffers, engine + heap + buffers].map((bytes) => figure(bytes / MB))]);
  console.error(rows.at(-1)!.join(" | "));
}

async function turn(talk: number, content: string, maxTokens: number): Promise<void> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...{ model: MODEL, conversation: `talk-${talk}`, max_tokens: maxTokens, temperature: 0, stream: true },
      messages: [{ role: "user", content }],
    }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
}
const together = (content: string, maxTokens = 8) =>
  Promise.all(Array.from({ length: TALKS }, (_, talk) => turn(talk, content, maxTokens)));

const folder = mkdtempSync(join(tmpdir(), "rivulet-isolate-"));
const server = await serve(folder);
try {
  const inspector = await Inspector.open();
  await note(inspector, "before a model is loaded");
  await turn(0, "Hello!", 8);
  await note(inspector, "after a first turn");
  await together("The river carries what it was given and forgets nothing. ".repeat(200));
  await note(inspector, `${TALKS} conversations of 2,200 tokens`);
  for (const reply of [1, 2]) {
    let isDone = false;
    const replies = together("Write a long story about a river.", 200).then(() => {
      isDone = true;
    });
    for (let n = 0; !isDone && n < 8; n++) await note(inspector, `while they reply (${reply}.${n})`);
    await replies;
  }
  await note(inspector, "afterwards");
  inspector.close();
} finally {
  server.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
}
const shown = rows.filter(
  ([when], n) => !String(when).startsWith("while") || /\(\d\.0\)$/.test(String(when)) || n === 0,
);
writeSection(
  `node bench/isolate.ts --memory ${values.memory}`,
  `## Memory of one isolate, by workerd

\`node bench/isolate.ts --memory ${values.memory} --talks ${TALKS}\`: what the isolate of the default model holds after a collection of garbage, in MB, by workerd's inspector. ${machine()}

${table(["", "engine", "JavaScript's heap", "buffers", "together"], shown)}

The most that was seen: ${figure(most / MB)} MB. The sentence encoder is not loaded there; it has 8.1 MB of WebAssembly memory of its own, which is in no column, and 0.3 MB of buffers.`,
);
