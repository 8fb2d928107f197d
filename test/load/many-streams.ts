/**
 * node test/load/many-streams.ts [--streams 1000] [--seconds 20] [--batch 1] [--together 0]
 * [--connections 16] [--forecaster <folder>]
 *
 * Every stream gets one value a second, as clients send them: each in a request of its own, `--batch` of one stream's
 * in one request, or one of each of `--together` streams in one request. Prints what the server took, and its processor
 * time for each value. The machine may be busy with something else: what counts is processor time, not how long it
 * took. The default forecaster unless another is named.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine } from "../../scripts/command-line.ts";
import { serverPid, start } from "../support/start-server.ts";
import { tinyPack } from "../support/tiny-pack.ts";

const { values: options } = commandLine({
  streams: { type: "string", default: "1000" },
  seconds: { type: "string", default: "20" },
  batch: { type: "string", default: "1" },
  together: { type: "string", default: "0" },
  connections: { type: "string", default: "16" },
  forecaster: { type: "string" },
});
const [streams, seconds, batch, together, connections] = [
  Number(options.streams),
  Number(options.seconds),
  Number(options.batch),
  Number(options.together),
  Number(options.connections),
];

/** The forecaster gets an eighth of it: enough that every stream's state stays there. */
const memoryBytes = 200_000_000 + streams * 8 * 400_000;

const work = mkdtempSync(join(tmpdir(), "rivulet-many-streams-"));
const folder = join(work, "persist");
const unlimited = JSON.stringify({ tenant: { requests_per_minute: null, tokens_per_day: null } });
const server = await start(
  [
    ...["--port", "0", "--persist-to", folder, "--pack", await tinyPack(work), "--memory", String(memoryBytes)],
    ...(options.forecaster ? ["--forecaster", options.forecaster] : []),
  ],
  { LIMITS: unlimited },
);
if (!server.url) throw new Error(server.output());
const pid = serverPid(folder);

/** Clock ticks are hundredths of a second. */
const cpuMs = () => {
  const [utime, stime] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ").slice(11, 13);
  return 10 * (Number(utime) + Number(stime));
};

async function post<T>(path: string, body: object): Promise<T> {
  const response = await fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${text}`);
  return JSON.parse(text) as T;
}

/** As many at once as there are connections. */
async function each<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < all.length) await work(all[next++]!);
  };
  await Promise.all(Array.from({ length: connections }, worker));
}

const madeUp = (stream: number, at: number): number =>
  20 + 5 * Math.sin((at + stream) / 7) + (((at + stream) * 7919) % 101) / 50;

const ids: string[] = [];
await each(
  Array.from({ length: streams }, (_, i) => i),
  async (i) => {
    ids[i] = (await post<{ id: string }>("/v1/streams", { name: `stream ${i}` })).id;
  },
);
/** Values `at` and the `batch` - 1 after it, of every stream. */
async function feed(at: number): Promise<void> {
  const given = ids.map((id, stream) => ({
    id,
    values: Array.from({ length: batch }, (_, i) => madeUp(stream, at + i)),
  }));
  if (together === 0) return each(given, ({ id, values }) => post(`/v1/streams/${id}/values`, { values }));
  const requests = Array.from({ length: Math.ceil(streams / together) }, (_, i) =>
    given.slice(i * together, (i + 1) * together),
  );
  return each(requests, async (some) => {
    const { data } = await post<{ data: { error?: object }[] }>("/v1/streams/values", { streams: some });
    const refused = data.find(({ error }) => error);
    if (refused) throw new Error(JSON.stringify(refused));
  });
}

// The first values of a stream load what it needs.
await feed(0);
const [beganCpuMs, beganMs] = [cpuMs(), performance.now()];
for (let at = batch; at < batch + seconds; at += batch) await feed(at);
const [usedMs, tookMs] = [cpuMs() - beganCpuMs, performance.now() - beganMs];
const taken = streams * batch * Math.ceil(seconds / batch);
const way = together === 0 ? `${batch} of each in one request` : `${batch} of each of ${together} in one request`;
console.log(
  `${streams} streams, ${way}: ${taken} values, ${(usedMs / taken).toFixed(2)} ms of processor time for each, ` +
    `${Math.round(taken / (usedMs / 1000))} a second on one core; they took ${(tookMs / 1000).toFixed(1)} s here`,
);
server.supervisor.kill("SIGTERM");
await server.ended;
rmSync(work, { recursive: true, force: true });
