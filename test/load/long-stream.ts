/**
 * node test/load/long-stream.ts [--values 1000000] [--batch 2000] [--forecaster <folder>]
 *
 * Feeds one stream so many values, and prints after each tenth what it holds: bytes of its state, of the server's
 * folder and of the server's memory, and processor time for each value. Ends with 1 where state or folder grow after
 * the first tenth. A tiny forecaster unless another is named.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine } from "../../scripts/command-line.ts";
import { serverPid, start } from "../support/start-server.ts";
import { tinyForecaster } from "../support/tiny-forecaster.ts";
import { tinyPack } from "../support/tiny-pack.ts";

const { values } = commandLine({
  values: { type: "string", default: "1000000" },
  batch: { type: "string", default: "2000" },
  forecaster: { type: "string" },
});
const total = Number(values.values);
const batch = Math.min(4096, Number(values.batch));
const work = mkdtempSync(join(tmpdir(), "rivulet-long-stream-"));
const folder = join(work, "persist");
const [pack, forecaster] = [await tinyPack(work), values.forecaster ?? (await tinyForecaster(work))];
const server = await start(["--port", "0", "--persist-to", folder, "--pack", pack, "--forecaster", forecaster]);
if (!server.url) throw new Error(server.output());
const pid = serverPid(folder);

async function ask(path: string, body?: object) {
  const response = await fetch(server.url + path, {
    method: body ? "POST" : "GET",
    headers: { "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${text}`);
  return JSON.parse(text) as { id: string; position: number; state_bytes: number };
}

/** Clock ticks are hundredths of a second. */
const cpuMs = () => {
  const [utime, stime] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ").slice(11, 13);
  return 10 * (Number(utime) + Number(stime));
};
const rss = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024;
const onDisk = () =>
  readdirSync(folder, { recursive: true })
    .filter((name) => String(name).endsWith(".sqlite"))
    .reduce((sum, name) => sum + statSync(join(folder, String(name))).size, 0);

const { id } = await ask("/v1/streams", {});
const held: { state: number; disk: number }[] = [];
const beganMs = cpuMs();
let told = 0;
for (let position = 0; position < total; ) {
  const some = Array.from({ length: Math.min(batch, total - position) }, (_, i) => {
    const n = position + i;
    return n % 997 === 0 ? null : 20 + 5 * Math.sin(n / 7) + ((n * 7919) % 101) / 50;
  });
  position = (await ask(`/v1/streams/${id}/values`, { values: some })).position;
  if (position < ((told + 1) * total) / 10) continue;
  told++;
  const view = await ask(`/v1/streams/${id}`);
  held.push({ state: view.state_bytes, disk: onDisk() });
  console.log(
    `${position} values: state ${view.state_bytes} bytes, databases ${onDisk()} bytes, server ${Math.round(rss() / 2 ** 20)} MiB, ` +
      `${((cpuMs() - beganMs) / position).toFixed(3)} ms of processor time for each`,
  );
}
server.supervisor.kill("SIGTERM");
await server.ended;
rmSync(work, { recursive: true, force: true });
const [first, ...later] = held;
// A batch may stand just before or after the states that it writes.
const grew = later.some(({ state, disk }) => state > first!.state || disk > 1.1 * first!.disk);
if (grew) console.log("it grew");
process.exit(grew ? 1 : 0);
