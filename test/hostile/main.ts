/**
 * npm run hostile: generated hostile requests, one after another, against a server of its own, and what each costs it.
 *
 *     npm run hostile -- [--count n] [--seed n]
 *
 * The cost is the CPU time of the server's process from request to answer, which bounds for how long the event loop was blocked, whatever
 * else the machine does. Ends with 1 when one costs more than 250 ms, is answered with 500, or a golden request changes.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { post, serverPid } from "../support/start-server.ts";
import { toyServer } from "../support/toy-server.ts";
import { hostileInputs } from "./inputs.ts";

const { values } = parseArgs({
  options: { count: { type: "string", default: "1000" }, seed: { type: "string", default: "1" } },
});
const MOST_MS = 250;
/** Of /proc: clock ticks are hundredths of a second on every Linux. */
const TICK_MS = 10;

const server = await toyServer();
const pid = serverPid(server.folder);
function cpuMs(): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
async function golden(): Promise<string> {
  const response = await post(server.url, { messages: [{ role: "user", content: "as ever" }], temperature: 0 });
  return ((await response.json()) as { choices: { message: { content: string } }[] }).choices[0]!.message.content;
}

const expected = await golden();
const worst: { what: string; ms: number; n: number }[] = [];
const statuses = new Map<number, number>();
let wrong = 0;
let n = 0;
for (const { what, path, ...init } of hostileInputs(Number(values.count), Number(values.seed))) {
  const before = cpuMs();
  const status = await fetch(server.url + path, { ...init, signal: AbortSignal.timeout(120_000) })
    .then(async (response) => {
      await response.text();
      return response.status;
    })
    .catch(() => 0);
  const ms = cpuMs() - before;
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
  if (status === 500 || status === 0) {
    wrong++;
    console.error(`${status} for input ${n}: ${what}`);
  }
  worst.push({ what, ms, n });
  if (++n % 100 === 0 && (await golden()) !== expected) {
    wrong++;
    console.error(`another golden reply after input ${n}`);
  }
}
worst.sort((a, b) => b.ms - a.ms);
if ((await golden()) !== expected) wrong++;
await server.stop();
console.log(
  JSON.stringify({
    count: n,
    seed: Number(values.seed),
    statuses: Object.fromEntries(statuses),
    worst: worst.slice(0, 8),
  }),
);
process.exit(wrong > 0 || worst[0]!.ms > MOST_MS ? 1 : 0);
