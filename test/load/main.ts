/**
 * npm run load: many callers at once against a server of its own on this machine, with a tiny pack.
 *
 *     npm run load -- [--conversations n] [--concurrent n] [--minutes n]
 *
 * Callers chat in conversations, read streams slowly, leave in the middle, upload too much, and ask for what is not there. Without
 * `--minutes` it ends when every conversation had its turn; with it, it begins anew until the time is over (a soak). Ends with 1 when
 * a turn that was answered is lost, or a golden request gives other bytes during or after.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { serverPid } from "../support/start-server.ts";
import { toyServer } from "../support/toy-server.ts";

const { values } = parseArgs({
  options: {
    conversations: { type: "string", default: "200" },
    concurrent: { type: "string", default: "16" },
    minutes: { type: "string" },
  },
});
const bounded = (text: string | undefined, most: number): number => Math.max(1, Math.min(most, Number(text ?? 0)));
const conversations = bounded(values.conversations, 20_000);
const concurrent = bounded(values.concurrent, 256);
const until = Date.now() + (values.minutes === undefined ? 0 : bounded(values.minutes, 1440) * 60_000);

const server = await toyServer();
const { url, folder } = server;
const firstTokenMs: number[] = [];
const refusals = new Map<string, number>();
const asked = new Map<string, number>();
let turns = 0;
let lost = 0;
let other = 0;
let most = { rss: 0, descriptors: 0 };
/** Memory at each measurement, to see whether it grows. */
const rssOverTime: number[] = [];

const note = (map: Map<string, number>, what: string) => void map.set(what, (map.get(what) ?? 0) + 1);
const post = (path: string, body: BodyInit, type = "application/json", signal?: AbortSignal) =>
  fetch(url + path, { method: "POST", headers: { "content-type": type }, body, ...(signal ? { signal } : {}) });
const turn = (conversation: string | undefined, content: string, more: object = {}, signal?: AbortSignal) => {
  const messages = [{ role: "user", content }];
  const body = { model: "tiny", messages, max_tokens: 8, temperature: 0, ...(conversation ? { conversation } : {}) };
  return post("/v1/chat/completions", JSON.stringify({ ...body, ...more }), undefined, signal);
};

async function golden(): Promise<string> {
  const response = await turn(undefined, "the same as ever", { max_tokens: 12 });
  const body = (await response.json()) as { choices?: { message: { content: string } }[]; error?: { code: string } };
  // A server that is full may refuse it; what it answers must be the same.
  return body.choices?.[0]?.message.content ?? body.error?.code ?? "";
}
const expected = await golden();

async function refused(response: Response): Promise<boolean> {
  if (response.ok) return false;
  const { error } = (await response.json().catch(() => ({}))) as { error?: { code: string } };
  note(refusals, `${response.status} ${error?.code ?? ""}`);
  return true;
}

/** Reads a stream; `slowly` waits between pieces, `leaveAfter` pieces it leaves. */
async function read(response: Response, beganMs: number, slowly = 0, leaveAfter = Number.POSITIVE_INFINITY) {
  const reader = response.body!.getReader();
  for (let n = 0; ; n++) {
    const { done } = await reader.read();
    if (n === 0) firstTokenMs.push(Date.now() - beganMs);
    if (done) return;
    if (n >= leaveAfter) return void (await reader.cancel());
    if (slowly) await new Promise((resolve) => setTimeout(resolve, slowly));
  }
}

const kinds: [name: string, act: (conversation: string, round: number) => Promise<void>][] = [
  ["turn", whole],
  ["turn", whole],
  ["turn", whole],
  ["stream", (name) => streamed(name, 0)],
  ["slow reader", (name) => streamed(name, 20)],
  ["disconnect", (name) => streamed(name, 0, 3)],
  ["upload", async () => void (await refused(await post("/v1/chat/completions", "x".repeat(2 << 20))))],
  ["unknown", async (name) => void (await refused(await fetch(`${url}/v1/conversations/none-${name}`)))],
];

/** A turn, and whether the one before it is still there. */
async function whole(name: string, round: number): Promise<void> {
  const beganMs = Date.now();
  const response = await turn(name, `round ${round}`);
  if (await refused(response)) return;
  const { timings } = (await response.json()) as { timings: { state: string } };
  firstTokenMs.push(Date.now() - beganMs);
  turns++;
  if (acknowledged.has(name) && timings.state === "new") lost++;
  acknowledged.add(name);
}
const acknowledged = new Set<string>();

async function streamed(name: string, slowly: number, leaveAfter?: number): Promise<void> {
  const beganMs = Date.now();
  const response = await turn(`${name}-stream`, "go", { stream: true, max_tokens: 24 });
  if (await refused(response)) return;
  await read(response, beganMs, slowly, leaveAfter);
  turns++;
}

function measure(): void {
  const pid = serverPid(folder);
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const rss = Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) * 1024;
  const descriptors = readdirSync(`/proc/${pid}/fd`).length;
  rssOverTime.push(rss);
  most = { rss: Math.max(most.rss, rss), descriptors: Math.max(most.descriptors, descriptors) };
}

const beganMs = Date.now();
let next = 0;
let round = 0;
async function caller(): Promise<void> {
  for (;;) {
    if (next >= conversations) {
      if (Date.now() >= until) return;
      [next, round] = [0, round + 1];
    }
    const n = next++;
    // Every conversation has at least its one plain turn.
    const [what, act] = round === 0 ? kinds[0]! : kinds[(n + round) % kinds.length]!;
    note(asked, what);
    await act(`load-${n}`, round).catch((thrown: Error) =>
      note(refusals, thrown.cause ? String(thrown.cause) : thrown.message),
    );
    if (round === 0 && n % 8 === 7) {
      const [also, more] = kinds[3 + (Math.floor(n / 8) % (kinds.length - 3))]!;
      note(asked, also);
      await more(`load-${n}`, round).catch((thrown: Error) => note(refusals, thrown.message));
    }
    if (n % 50 === 0) {
      measure();
      const now = await golden();
      if (now !== expected && now !== "busy" && now !== "rate_limit_exceeded") other++;
    }
  }
}
await Promise.all(Array.from({ length: concurrent }, caller));
const seconds = (Date.now() - beganMs) / 1000;
measure();
if ((await golden()) !== expected) other++;
for (const name of acknowledged) {
  const response = await fetch(`${url}/v1/conversations/${name}/turns`);
  const { data } = (await response.json()) as { data?: unknown[] };
  if (!data?.length) lost++;
}
const bytes = readdirSync(folder, { recursive: true })
  .map((name) => statSync(join(folder, String(name)), { throwIfNoEntry: false }))
  .reduce((sum, stat) => sum + (stat?.isFile() ? stat.size : 0), 0);
await server.stop();

const sorted = firstTokenMs.toSorted((a, b) => a - b);
const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
console.log(
  JSON.stringify(
    {
      seconds: Math.round(seconds),
      conversations: acknowledged.size,
      turns,
      turnsPerSecond: Number((turns / seconds).toFixed(1)),
      firstTokenMs: { p50: at(0.5), p99: at(0.99) },
      asked: Object.fromEntries(asked),
      refusals: Object.fromEntries(refusals),
      rssMiB: Math.round(most.rss / 2 ** 20),
      // At four quarters of the time.
      rssMiBOverTime: [1, 2, 3, 4].map((quarter) =>
        Math.round(rssOverTime[Math.ceil((quarter / 4) * rssOverTime.length) - 1]! / 2 ** 20),
      ),
      descriptors: most.descriptors,
      diskMiB: Number((bytes / 2 ** 20).toFixed(1)),
      diskKiBPerConversation: Number((bytes / 1024 / Math.max(1, acknowledged.size)).toFixed(1)),
      lost,
      goldenDiffered: other,
    },
    null,
    2,
  ),
);
process.exit(lost + other > 0 ? 1 : 0);
