/**
 * A dialogue of twenty turns over HTTP, beside llama-server with the same weights: first token and
 * whole turn, and a restart half way.
 *
 *     node bench/dialogue.ts [--turns 20] [--tokens 48]
 *
 * Rivulet's conversation has a name and its turns bring one message; it is killed half way (SIGKILL) and started again.
 * llama-server gets the whole history, as its clients do; half way its slot is saved by hand, and restored by hand in
 * the next process. Processor time of the server.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { median } from "./cpu.ts";
import { hybridPack } from "./models.ts";
import { oneThing } from "./one-thing.ts";
import { bytesIn, type ChatServer, chat, llamaChat, rivuletChat } from "./peers/chat-servers.ts";
import { llamaServer, MISSING } from "./peers/llama-server.ts";
import { prepareWeights } from "./peers/weights.ts";
import { processMs, residentMB } from "./process.ts";
import { figure, machine, table, writeSection } from "./section.ts";

const { values } = commandLine({
  turns: { type: "string", default: "20" },
  tokens: { type: "string", default: "48" },
});
const TURNS = Number(values.turns);
const TOKENS = Number(values.tokens);
const PLACE_TOKENS = 4096;

interface Turn {
  firstMs: number;
  ms: number;
}

async function turn(server: ChatServer, body: object): Promise<Turn & { text: string }> {
  const before = processMs(server.pid);
  let firstMs = 0;
  const { text } = await chat(server, { max_tokens: TOKENS, temperature: 0, ...body }, () => {
    firstMs = processMs(server.pid) - before;
  });
  return { firstMs, ms: processMs(server.pid) - before, text };
}

interface Dialogue {
  turns: Turn[];
  bytes: number;
  resident: number;
}

async function ours(pack: string): Promise<Dialogue> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-dialogue-"));
  let server = await rivuletChat(pack, folder);
  const turns: Turn[] = [];
  for (let n = 0; n < TURNS; n++) {
    if (n === TURNS >> 1) {
      process.kill(server.pid, "SIGKILL");
      await server.end();
      server = await rivuletChat(pack, folder);
    }
    turns.push(await turn(server, { conversation: "dialogue", messages: [{ role: "user", content: oneThing(n) }] }));
  }
  const resident = residentMB(server.pid);
  await server.end();
  const bytes = bytesIn(folder);
  rmSync(folder, { recursive: true, force: true });
  return { turns, bytes, resident };
}

async function theirs(file: string): Promise<Dialogue> {
  const folder = mkdtempSync(join(tmpdir(), "llama-dialogue-"));
  const open = () => llamaChat(file, 1, PLACE_TOKENS, ["--slot-save-path", `${folder}/`]);
  const slot = async (server: ChatServer, action: string) => {
    const body = JSON.stringify({ filename: "dialogue.bin" });
    const response = await fetch(`${server.url}/slots/0?action=${action}`, { method: "POST", body });
    if (!response.ok) throw new Error(`${action}: ${response.status} ${await response.text()}`);
  };
  let server = await open();
  const turns: Turn[] = [];
  const messages: { role: string; content: string }[] = [];
  for (let n = 0; n < TURNS; n++) {
    if (n === TURNS >> 1) {
      await slot(server, "save");
      await server.end();
      server = await open();
      await slot(server, "restore");
    }
    messages.push({ role: "user", content: oneThing(n) });
    const { text, ...times } = await turn(server, { messages, cache_prompt: true, id_slot: 0 });
    messages.push({ role: "assistant", content: text });
    turns.push(times);
  }
  const resident = residentMB(server.pid);
  await slot(server, "save");
  await server.end();
  const bytes = bytesIn(folder);
  rmSync(folder, { recursive: true, force: true });
  return { turns, bytes, resident };
}

const weights = await prepareWeights();
const models = [
  { name: "default hybrid", pack: hybridPack, file: weights.hybrid },
  { name: "transformer", pack: weights.rivuletQ4, file: weights.q4 },
];
if (!llamaServer()) console.error(MISSING);
const rows: (string | number)[][] = [];
for (const { name, pack, file } of models) {
  const all: [string, Dialogue][] = [["Rivulet", await ours(pack)]];
  if (llamaServer()) all.push(["llama-server", await theirs(file)]);
  for (const [engine, { turns, bytes, resident }] of all) {
    const half = TURNS >> 1;
    const of = (part: keyof Turn, from: number, to: number) =>
      figure(median(turns.slice(from, to).map((t) => t[part])));
    rows.push([
      ...[name, engine, of("firstMs", 1, half), of("ms", 1, half), figure(turns[half]!.firstMs)],
      ...[of("firstMs", half + 1, TURNS), of("ms", half + 1, TURNS), figure(bytes / 1e6), figure(resident)],
    ]);
    console.error(rows.at(-1)!.join(" | "));
  }
}
const head = [
  ...["model", "server", "first token, ms", "turn, ms", "first token behind the restart, ms"],
  ...["first token after, ms", "turn after, ms", "stored, MB", "resident, MB"],
];
writeSection(
  "node bench/dialogue.ts",
  `## A dialogue over HTTP, beside llama-server

\`node bench/dialogue.ts --turns ${TURNS} --tokens ${TOKENS}\`: ${TURNS} turns of one conversation, replies of ${TOKENS} tokens, the same 4-bit weights, one thread that computes. Half way Rivulet's process is killed (SIGKILL) and started again;
llama-server's slot is saved by hand before it ends and restored by hand in the next process. Processor time of the server, medians of the turns before and after. ${machine()}

${table(head, rows)}`,
);
