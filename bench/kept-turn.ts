/**
 * What keeping a turn costs beside computing it: processor time of the whole server for turns of one conversation, and
 * for turns of which nothing is kept, in alternation, each with one token of reply; and the time on the clock that such
 * a turn spends outside the model, for its client. Linux only.
 *
 *     node bench/kept-turn.ts [pairs] [--tokens 0]
 *
 * `--tokens`: about so many are told before, so that the caches are as full as they are then.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { packFolder } from "../scripts/serve-pack.ts";
import { pause } from "../scripts/serve-process.ts";
import type { Timings } from "../src/api/shared/turn.ts";
import { post, start } from "../test/support/start-server.ts";
import { median } from "./cpu.ts";
import { figure, machine, table } from "./section.ts";

const { values, positionals } = commandLine({ tokens: { type: "string", default: "0" } }, [0, 1]);
const pairs = Number(positionals[0] ?? 40);
const model = basename(packFolder());
const folder = mkdtempSync(join(tmpdir(), "rivulet-kept-"));
const server = await start(["--port", "0", "--persist-to", folder]);
const { server: pid } = JSON.parse(readFileSync(join(folder, "process.json"), "utf8")) as { server: number };

/** Of all threads, in milliseconds: the first number of each is nanoseconds on a processor. */
function cpuMs(): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((id) => Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8").split(" ")[0]));
  return spent.reduce((sum, ns) => sum + ns, 0) / 1e6;
}

/** Bytes and calls that wrote to files and sockets. */
function written(): { bytes: number; calls: number } {
  const io = readFileSync(`/proc/${pid}/io`, "utf8");
  const of = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(io)![1]);
  return { bytes: of("wchar"), calls: of("syscw") };
}

interface Reply {
  timings: Timings;
  error?: { message: string };
}

async function turn(content: string, conversation?: string) {
  const [before, already] = [cpuMs(), written()];
  const began = performance.now();
  const messages = [{ role: "user", content }];
  const response = await post(server.url, {
    model,
    messages,
    max_tokens: 1,
    ...(conversation ? { conversation } : {}),
  });
  const { timings, error } = (await response.json()) as Reply;
  if (error) throw new Error(error.message);
  const outsideMs = performance.now() - began - timings.prefill_ms - timings.decode_ms;
  const now = written();
  const [bytes, calls] = [now.bytes - already.bytes, now.calls - already.calls];
  return { ms: cpuMs() - before, outsideMs, bytes, calls, timings };
}

const told = "The river ran past the old mill and the garden wall, and nobody in the village knew how deep it was. ";
for (let left = Number(values.tokens); left > 0; left -= 1000)
  await turn(told.repeat(Math.ceil(Math.min(left, 1000) / 22)), "kept");
for (let n = 0; n < 6; n++) {
  await turn(`${n}. Tell me one thing about rivers.`, "kept");
  await turn(`${n}. Tell me one thing about rivers.`);
}
await pause(2000);
const kept: Awaited<ReturnType<typeof turn>>[] = [];
const plain: typeof kept = [];
for (let n = 10; n < 10 + pairs; n++) {
  kept.push(await turn(`${n}. Tell me one thing about rivers.`, "kept"));
  plain.push(await turn(`${n}. Tell me one thing about rivers.`));
}
server.supervisor.kill("SIGTERM");
await server.ended;
rmSync(folder, { recursive: true, force: true });

const row = (name: string, turns: typeof kept) => {
  const ms = turns.map((each) => each.ms).sort((a, b) => a - b);
  const of = (value: (timings: Timings) => number) => figure(median(turns.map(({ timings }) => value(timings))));
  const mean = (value: (turn: (typeof kept)[number]) => number) =>
    figure(turns.reduce((sum, each) => sum + value(each), 0) / turns.length);
  return [
    name,
    figure(ms[Math.floor(ms.length / 10)]!),
    figure(median(ms)),
    figure(median(turns.map(({ outsideMs }) => outsideMs))),
    of((t) => t.prefill_tokens),
    of((t) => t.load_ms),
    of((t) => t.save_ms),
    mean(({ bytes }) => bytes / 1e6),
    mean(({ calls }) => calls),
    turns.at(-1)!.timings.state_bytes,
  ];
};
console.log(`${pairs} pairs, the conversation ${values.tokens} tokens long at first. ${machine()}`);
console.log(
  table(
    [
      ...[
        "turn",
        "CPU ms, tenth part of the quickest",
        "median",
        "wall ms outside the model",
        "tokens read",
        "load, ms",
        "save, ms",
      ],
      ...["MB written", "calls that write", "state, bytes"],
    ],
    [row("kept", kept), row("nothing kept", plain)],
  ),
);
