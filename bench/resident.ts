/**
 * The server's resident memory before, during and after many conversations at once.
 *
 *     node bench/resident.ts [conversations at once] [--memory 4G] [--pack <folder>]
 *
 * Rested: a minute after the last reply, when the platform has evicted every object.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { packFolder } from "../scripts/serve-pack.ts";
import { serverPid, start } from "../test/support/start-server.ts";
import { figure, machine, table, writeSection } from "./section.ts";

const { values, positionals } = commandLine(
  { memory: { type: "string", default: "4G" }, pack: { type: "string" } },
  [0, 1],
);
const AT_ONCE = Number(positionals[0] ?? 24);
const REST_MS = 60_000;
const model = basename(values.pack ?? packFolder());
const folder = mkdtempSync(join(tmpdir(), "rivulet-resident-"));
const pack = values.pack === undefined ? [] : ["--pack", values.pack];
const server = await start(["--port", "0", "--persist-to", folder, "--memory", values.memory, ...pack]);
const pid = serverPid(folder);

const MB = 1e6;
const rows: (string | number)[][] = [];
async function note(when: string): Promise<void> {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)![1]) * 1024;
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const engine = Number(/^rivulet_engine_memory_bytes\{.*\} (\S+)/m.exec(metrics)?.[1]);
  rows.push([when, figure(kb("VmRSS") / MB), figure(engine / MB)]);
  console.error(rows.at(-1)!.join(" | "));
}

async function turn(n: number, round: number): Promise<void> {
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...{ model, conversation: `talk-${n}`, max_tokens: 8, temperature: 0, stream: true },
      messages: [{ role: "user", content: `Turn ${round} of ${n}: tell me about the sea.` }],
    }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
}
const together = (round: number) => Promise.all(Array.from({ length: AT_ONCE }, (_, n) => turn(n, round)));
const rest = () => new Promise((resolve) => setTimeout(resolve, REST_MS));

try {
  await turn(0, 0);
  await note("after a first turn");
  for (const round of [1, 2]) {
    await together(round);
    await note(`${AT_ONCE} conversations at once, turn ${round}`);
  }
  await rest();
  await note("rested for a minute");
  await turn(0, 3);
  await note("one turn more");
} finally {
  server.supervisor.kill("SIGTERM");
  await server.ended;
  rmSync(folder, { recursive: true, force: true });
}
writeSection(
  "node bench/resident.ts",
  `## Memory at rest

\`node bench/resident.ts ${AT_ONCE} --memory ${values.memory}\`: the resident memory of the server's process, and the engine's (weights, scratch, states), in MB. ${machine()}

${table(["", "resident", "engine"], rows)}

What states took in the engine does not go back: they lie in one WebAssembly memory with the weights, and such a memory cannot shrink. It is wiped, and used for the next conversations, so
it grows to what the most conversations at once needed and no further, \`--memory\` at most. What else they took is held by the runtime's allocator (tcmalloc), which keeps free pages and never gives them back, since workerd
starts no thread for that.`,
);
