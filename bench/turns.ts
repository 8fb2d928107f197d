/**
 * A long dialogue over HTTP, with the default model: what a turn costs at its beginning and at its end.
 *
 *     node bench/turns.ts [turns]
 *
 * The server is stopped half way and started again; a turn names its conversation and brings its own message alone.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { packFolder } from "../scripts/serve-pack.ts";
import type { Timings } from "../src/api/shared/turn.ts";
import { post, start } from "../test/support/start-server.ts";
import { median } from "./cpu.ts";
import { oneThing } from "./one-thing.ts";
import { figure, machine, table, writeSection } from "./section.ts";

const { positionals } = commandLine({}, [0, 1]);
const turns = Number(positionals[0] ?? 50);
const BLOCK = 10;
const TOKENS = 40;
const model = basename(packFolder());
const folder = mkdtempSync(join(tmpdir(), "rivulet-turns-"));

interface Reply {
  timings: Timings;
  usage: { prompt_tokens: number };
  error?: { message: string };
}

const done: (Timings & { carried: number })[] = [];
let server = await start(["--port", "0", "--persist-to", folder]);
for (let n = 0; n < turns; n++) {
  if (n === turns >> 1) {
    server.supervisor.kill("SIGTERM");
    await server.ended;
    server = await start(["--port", "0", "--persist-to", folder]);
  }
  const messages = [{ role: "user", content: oneThing(n) }];
  const response = await post(server.url, { model, conversation: "turns", messages, max_tokens: TOKENS });
  const { timings, usage, error } = (await response.json()) as Reply;
  if (error) throw new Error(error.message);
  done.push({ ...timings, carried: usage.prompt_tokens - timings.prefill_tokens });
}
server.supervisor.kill("SIGTERM");
await server.ended;
rmSync(folder, { recursive: true, force: true });

const rows: (string | number)[][] = [];
for (let first = 0; first < turns; first += BLOCK) {
  const block = done.slice(first, first + BLOCK);
  const of = (value: (turn: (typeof done)[number]) => number) => figure(median(block.map(value)));
  rows.push([
    `${first + 1} to ${first + block.length}`,
    block.at(-1)!.carried,
    of((t) => t.load_ms),
    of((t) => t.prefill_ms / t.prefill_tokens),
    of((t) => t.decode_ms / Math.max(1, t.decode_tokens)),
    of((t) => t.save_ms),
    Math.max(...block.map((t) => t.state_bytes)),
  ]);
}
const head = [
  "turns",
  "tokens carried at the end",
  "load, ms",
  "ms per token fed",
  "ms per token of reply",
  "save, ms",
  "state, bytes",
];
writeSection(
  "node bench/turns.ts",
  `## A dialogue of ${turns} turns

\`node bench/turns.ts ${turns}\`: the default model by HTTP, one conversation, replies of at most ${TOKENS} tokens; the server is stopped and started again half way.
Medians of ${BLOCK} turns, wall time. ${machine()}

${table(head, rows)}`,
);
