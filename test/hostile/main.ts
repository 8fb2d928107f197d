/**
 * npm run hostile: generated hostile requests, one after another, against a server of its own, and what each costs it.
 *
 *     npm run hostile -- [--count n] [--seed n] [--from n]
 *
 * Measured is for how long each blocked the server's event loop, in CPU time of its thread (loop-blocked.ts). Ends with
 * 1 when that is more than 250 ms for one of them, when one is answered with 500 or not at all, when a golden request
 * changes, or when something stays behind: descriptors, files, memory.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../../scripts/command-line.ts";
import { post, serverPid } from "../support/start-server.ts";
import { toyServer } from "../support/toy-server.ts";
import { hostileInputs } from "./inputs.ts";
import { whileProbing } from "./loop-blocked.ts";

const { values } = commandLine({
  count: { type: "string", default: "1000" },
  seed: { type: "string", default: "1" },
  from: { type: "string", default: "0" },
});
const MOST_MS = 250;

const server = await toyServer();
const pid = serverPid(server.folder);
async function golden(): Promise<string> {
  const response = await post(server.url, { messages: [{ role: "user", content: "as ever" }], temperature: 0 });
  return ((await response.json()) as { choices: { message: { content: string } }[] }).choices[0]!.message.content;
}
const left = () => ({
  rssMiB: Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024),
  descriptors: readdirSync(`/proc/${pid}/fd`).length,
  files: readdirSync(join(server.folder, "objects"), { recursive: true }).length,
});

const expected = await golden();
const before = left();
const all: { what: string; n: number; blockedMs: number; cpuMs: number; status: number }[] = [];
const wrong: string[] = [];
let n = 0;
for (const { what, path, ...init } of hostileInputs(Number(values.count), Number(values.seed))) {
  if (n++ < Number(values.from)) continue;
  const send = () =>
    fetch(server.url + path, { ...init, signal: AbortSignal.timeout(120_000) })
      .then(async (response) => {
        await response.text();
        return response.status;
      })
      .catch(() => 0);
  const [status, { blockedMs, cpuMs }] = await whileProbing({ url: server.url, pid }, send);
  all.push({ what, n: n - 1, blockedMs: Math.round(blockedMs), cpuMs: Math.round(cpuMs), status });
  if (status >= 500 || status === 0) wrong.push(`${status} for input ${n - 1}: ${what}`);
  if (blockedMs > MOST_MS) wrong.push(`${Math.round(blockedMs)} ms without a pause for input ${n - 1}: ${what}`);
  if (n % 100 === 0 && (await golden()) !== expected) wrong.push(`another golden reply after input ${n - 1}`);
}
if ((await golden()) !== expected) wrong.push("another golden reply at the end");
const after = left();
await server.stop();

const worstBy = (field: "blockedMs" | "cpuMs") => all.toSorted((a, b) => b[field] - a[field]).slice(0, 10);
const statuses = Map.groupBy(all, ({ status }) => status);
console.log(
  `${all.length} inputs of seed ${values.seed}: ${[...statuses].map(([s, of]) => `${of.length} × ${s}`).join(", ")}`,
);
console.log("longest without a pause, ms of CPU time");
for (const { what, n, blockedMs, status } of worstBy("blockedMs"))
  console.log(`  ${blockedMs}  ${status} ${what} (${n})`);
console.log("most CPU time in all, ms");
for (const { what, n, cpuMs, status } of worstBy("cpuMs")) console.log(`  ${cpuMs}  ${status} ${what} (${n})`);
console.log(`before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
for (const line of wrong) console.error(line);
process.exit(wrong.length > 0 ? 1 : 0);
