/**
 * npm run cost -- [--turns 4] [--tokens 120] [--pack <folder>] [--json]
 *
 * Runs a dialogue on the real server, reads from its metrics what each turn took, and prints what that costs on
 * Cloudflare. Rows are the same there; seconds are this machine's.
 */
import { spawn } from "node:child_process";
import { globSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { countSetting } from "../src/core/settings.ts";
import { commandLine } from "./command-line.ts";
import { costOf, restingCost, type Usage } from "./price.ts";

/** Not measured: the Worker checks and passes on. */
const WORKER_CPU_MS = 2;
/** The alarm that finds a turn nobody computes; not in the counts of statements. Often one serves several turns. */
const ALARM_ROWS = 1;

/** Of some sixty tokens, and such that a small model does not answer it in a sentence. */
const ASKED =
  "please tell me at some length what one should know about rivers, lakes and canals in the north of the country, how people used them long ago, what they carry today, and which of them freeze in a hard winter.";

interface Turn extends Usage {
  promptTokens: number;
  completionTokens: number;
  stateBytes: number;
}

interface Reply {
  usage: { completion_tokens: number };
  timings: { prefill_tokens: number; state_bytes: number };
  error?: { message: string };
}

const { values } = commandLine({
  turns: { type: "string", default: "4" },
  tokens: { type: "string", default: "120" },
  pack: { type: "string" },
  json: { type: "boolean", default: false },
});

/** Resolves to the address. */
function serve(folder: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const args = ["--port", "0", "--persist-to", folder, ...(values.pack ? ["--pack", values.pack] : [])];
  const child = spawn(process.execPath, [join(import.meta.dirname, "start.ts"), ...args]);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = () => {
    child.kill("SIGTERM");
    return ended;
  };
  let output = "";
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        output += chunk;
        const [, url] = /^curl (http:\/\/127\.0\.0\.1:\d+)\/.*\n/m.exec(output) ?? [];
        if (url) resolve({ url, stop });
      });
    void ended.then(() => reject(new Error(output)));
  });
}

async function counted(url: string) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const of = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? Number.NaN);
  return {
    rowsWritten: of("rivulet_rows_written_total"),
    rowsRead: of("rivulet_rows_read_total"),
    objectSeconds: of("rivulet_object_seconds_total"),
  };
}

async function turn(url: string, model: string, n: number): Promise<Turn> {
  const before = await counted(url);
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model,
      conversation: "cost",
      max_tokens: Number(values.tokens),
      messages: [{ role: "user", content: `Chapter ${n}: ${ASKED}` }],
    }),
  });
  const { usage, timings, error } = (await response.json()) as Reply;
  if (error) throw new Error(error.message);
  const after = await counted(url);
  return {
    promptTokens: timings.prefill_tokens,
    completionTokens: usage.completion_tokens,
    stateBytes: timings.state_bytes,
    workerCpuMs: WORKER_CPU_MS,
    objectRequests: 1,
    objectSeconds: after.objectSeconds - before.objectSeconds,
    rowsWritten: after.rowsWritten - before.rowsWritten + ALARM_ROWS,
    rowsRead: after.rowsRead - before.rowsRead,
  };
}

const dollars = (value: number) => `$${value.toExponential(2)}`;

function print(turns: Turn[], restingBytes: number): void {
  console.log("turn  fed  reply  object s  rows written  rows read      cost  turns per $");
  turns.forEach((row, i) => {
    const { total } = costOf(row);
    const cells: [string | number, number][] = [
      ...([
        [i + 1, 4],
        [row.promptTokens, 4],
        [row.completionTokens, 6],
      ] as [number, number][]),
      ...([
        [row.objectSeconds.toFixed(2), 9],
        [row.rowsWritten, 13],
        [row.rowsRead, 10],
      ] as [string, number][]),
      ...([
        [dollars(total), 9],
        [Math.round(1 / total), 12],
      ] as [string, number][]),
    ];
    console.log(cells.map(([cell, width]) => String(cell).padStart(width)).join(" "));
  });
  const last = turns.at(-1)!;
  const { worker, requests, time, rowsWritten, rowsRead } = costOf(last);
  console.log(
    `the last one: time ${dollars(time)}, rows written ${dollars(rowsWritten)}, read ${dollars(rowsRead)}, requests ${dollars(requests)}, Worker ${dollars(worker)}`,
  );
  const rest = (bytes: number) => `${bytes} bytes, ${dollars(restingCost(bytes))} a month`;
  console.log(`at rest after these turns: ${rest(restingBytes)}`);
  const most = Math.max(last.stateBytes, countSetting(process.env, "STATE_BUDGET_BYTES"));
  console.log(`its states at any length: at most ${rest(most)}; the last has ${last.stateBytes}`);
}

/**
 * Of the conversations' databases, as the platform bills them; a server that has stopped has left no log beside them.
 */
const databaseBytes = (folder: string): number =>
  globSync("**/rivulet-Conversation/*.sqlite", { cwd: folder })
    .filter((path) => basename(path) !== "metadata.sqlite")
    .reduce((sum, path) => sum + statSync(join(folder, path)).size, 0);

const folder = mkdtempSync(join(tmpdir(), "rivulet-cost-"));
try {
  const { url, stop } = await serve(folder);
  const turns: Turn[] = [];
  try {
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] };
    for (let n = 1; n <= Number(values.turns); n++) turns.push(await turn(url, data[0]!.id, n));
  } finally {
    await stop();
  }
  const restingBytes = databaseBytes(folder);
  if (values.json)
    console.log(JSON.stringify({ turns: turns.map((row) => ({ ...row, cost: costOf(row) })), restingBytes }));
  else print(turns, restingBytes);
} catch (thrown) {
  console.error((thrown as Error).message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
