/**
 * What one tenant's load does to another: `node bench/tenants.ts [--loops n] [--seconds n] [--pack folder]`.
 *
 * One tenant chats alone, one request after another; then again while the other tenant has `loops` of them. Printed are
 * requests per second and the time to the first token, alone and beside the other, by the clock and by the processor
 * time of the server's one thread, which other programs on the machine do not change; and where a turn's time goes, by
 * what the server says of it. Read the ratios.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { packFolder } from "../scripts/serve-pack.ts";
import { threadMs } from "../test/hostile/loop-blocked.ts";
import { serverPid, start } from "../test/support/start-server.ts";

const { values } = commandLine({
  loops: { type: "string", default: "24" },
  seconds: { type: "string", default: "60" },
  pack: { type: "string" },
});
const SECONDS = Number(values.seconds);
const digest = (key: string) => createHash("sha256").update(key).digest("hex");
const folder = mkdtempSync(join(tmpdir(), "rivulet-tenants-"));
const keys = ["ann", "bob"].map((name) => `${name}:${digest(name)}`).join();
const server = await start(["--port", "0", "--persist-to", folder, "--pack", values.pack ?? packFolder()], {
  API_KEYS: keys,
});
if (!server.url) throw new Error(server.output());
const { data } = (await (
  await fetch(`${server.url}/v1/models`, { headers: { authorization: "Bearer bob" } })
).json()) as { data: { id: string }[] };

const pid = serverPid(folder);

interface Counts {
  done: number;
  refused: number;
  firstMs: number[];
  /** The same in processor time, and of whole turns. */
  firstCpuMs: number[];
  cpuMs: number[];
  /**
   * Of whole turns by the clock: waiting for a memory slot, bringing the state in, prompt, reply, putting
   * the state away, and all together.
   */
  parts: Record<(typeof PARTS)[number] | "whole", number>[];
}
const PARTS = ["queue_ms", "load_ms", "prefill_ms", "decode_ms", "save_ms"] as const;

async function loop(key: string, conversation: string, counts: Counts, until: () => boolean): Promise<void> {
  for (let n = 0; !until(); n++) {
    const [beganMs, beganCpuMs] = [performance.now(), threadMs(pid)];
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify({
        ...{ model: data[0]!.id, conversation, stream: true, max_tokens: 16, temperature: 0 },
        messages: [{ role: "user", content: `question ${n}` }],
      }),
    });
    if (!response.ok) {
      counts.refused++;
      await response.arrayBuffer();
      await new Promise((resolve) => setTimeout(resolve, 200));
      continue;
    }
    let first = true;
    let text = "";
    for await (const piece of response.body!) {
      text += Buffer.from(piece);
      if (first && text.includes('"content"')) {
        counts.firstMs.push(performance.now() - beganMs);
        counts.firstCpuMs.push(threadMs(pid) - beganCpuMs);
        first = false;
      }
    }
    const timings = JSON.parse(/"timings":(\{[^}]*\})/.exec(text)?.[1] ?? "{}") as Record<string, number>;
    const parts = Object.fromEntries(PARTS.map((name) => [name, timings[name] ?? 0]));
    counts.parts.push({ ...(parts as Counts["parts"][number]), whole: performance.now() - beganMs });
    counts.done++;
    counts.cpuMs.push(threadMs(pid) - beganCpuMs);
  }
}

const counted = (): Counts => ({ done: 0, refused: 0, firstMs: [], firstCpuMs: [], cpuMs: [], parts: [] });
const untilOver = () => {
  const end = performance.now() + SECONDS * 1000;
  return () => performance.now() >= end;
};
const at = (of: readonly number[], share: number) =>
  Math.round(of.toSorted((a, b) => a - b)[Math.floor((of.length - 1) * share)] ?? Number.NaN);
const spread = (of: readonly number[]) => ({ p50: at(of, 0.5), p99: at(of, 0.99) });
const mean = (of: readonly number[]) => Math.round(of.reduce((sum, ms) => sum + ms, 0) / of.length);
const told = ({ done, refused, firstMs, firstCpuMs, cpuMs, parts }: Counts) => ({
  ...{ done, perSecond: Number((done / SECONDS).toFixed(2)), refused },
  ...{ firstMs: spread(firstMs), firstCpuMs: spread(firstCpuMs), turnCpuMs: mean(cpuMs) },
  meanMs: Object.fromEntries([...PARTS, "whole" as const].map((name) => [name, mean(parts.map((part) => part[name]))])),
});

await loop("bob", "warm", counted(), () => performance.now() > 20_000);
const alone = counted();
await loop("bob", "alone", alone, untilOver());
const [beside, others] = [counted(), counted()];
const until = untilOver();
await Promise.all([
  loop("bob", "beside", beside, until),
  ...Array.from({ length: Number(values.loops) }, (_, i) => loop("ann", `loop-${i}`, others, until)),
]);
server.supervisor.kill("SIGTERM");
await server.ended;
rmSync(folder, { recursive: true, force: true });
const [a, b] = [told(alone), told(beside)];
console.log(
  JSON.stringify(
    {
      alone: a,
      beside: b,
      others: told(others),
      throughputKept: Number((b.perSecond / a.perSecond).toFixed(2)),
      firstTokenP99Ratio: Number((b.firstMs.p99 / a.firstMs.p99).toFixed(2)),
      inProcessorTime: {
        throughputKept: Number((a.turnCpuMs / b.turnCpuMs).toFixed(2)),
        firstTokenP99Ratio: Number((b.firstCpuMs.p99 / a.firstCpuMs.p99).toFixed(2)),
      },
    },
    null,
    2,
  ),
);
