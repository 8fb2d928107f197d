/**
 * Many conversations together over HTTP, beside llama-server with as many places and the same weights:
 * tokens per second and first tokens.
 *
 *     node bench/together.ts [--at-once 1,8,16] [--tokens 64] [--rounds 3]
 *
 * Processor time of the server's process, in alternation, medians. Without a llama-server
 * (bench/peers/build-llama.ts) Rivulet's rows alone.
 */

import { commandLine } from "../scripts/command-line.ts";
import { median } from "./cpu.ts";
import { hybridPack } from "./models.ts";
import { type ChatServer, chat, llamaChat, rivuletChat } from "./peers/chat-servers.ts";
import { llamaServer, MISSING } from "./peers/llama-server.ts";
import { prepareWeights } from "./peers/weights.ts";
import { processMs } from "./process.ts";
import { figure, machine, table, writeSection } from "./section.ts";

const { values } = commandLine({
  "at-once": { type: "string", default: "1,8,16" },
  tokens: { type: "string", default: "64" },
  rounds: { type: "string", default: "3" },
});
const COUNTS = values["at-once"].split(",").map(Number);
const TOKENS = Number(values.tokens);
const ROUNDS = Number(values.rounds);
/** Of a place: prompt and reply. */
const PLACE_TOKENS = 512;
const isBuilt = llamaServer() !== undefined;
if (!isBuilt) console.error(MISSING);

interface Round {
  perSecond: number;
  firstMs: number[];
}

let talks = 0;
async function round(server: ChatServer, count: number): Promise<Round> {
  const before = processMs(server.pid);
  const firstMs: number[] = [];
  const talk = (n: number) => {
    const content = `Tell me story number ${n}, about the sea, the wind and an old house.`;
    const body = { messages: [{ role: "user", content }], max_tokens: TOKENS, temperature: 0.2, top_p: 0.9, seed: n };
    return chat(server, body, () => firstMs.push(processMs(server.pid) - before));
  };
  const answers = await Promise.all(Array.from({ length: count }, () => talk(talks++)));
  const tokens = answers.reduce((n, answer) => n + answer.tokens, 0);
  return { perSecond: (1000 * tokens) / (processMs(server.pid) - before), firstMs };
}

const weights = await prepareWeights();
const models = [
  { name: "default hybrid", pack: hybridPack, file: weights.hybrid },
  { name: "transformer", pack: weights.rivuletQ4, file: weights.q4 },
];
const rows: (string | number)[][] = [];
for (const { name, pack, file } of models) {
  const alone = new Map<string, number>();
  const ours = await rivuletChat(pack);
  try {
    await round(ours, 2);
    for (const count of COUNTS) {
      const servers = isBuilt ? [ours, await llamaChat(file, count, PLACE_TOKENS)] : [ours];
      const rounds: Round[][] = servers.map(() => []);
      for (let n = 0; n <= ROUNDS; n++)
        for (const [i, server] of servers.entries()) {
          const done = await round(server, count);
          if (n > 0) rounds[i]!.push(done);
        }
      await servers[1]?.end();
      const speeds = rounds.map((all) => median(all.map(({ perSecond }) => perSecond)));
      for (const [i, { engine }] of servers.entries()) {
        const [kind] = engine.split(" ");
        if (!alone.has(kind!)) alone.set(kind!, speeds[i]!);
        rows.push([
          ...[name, count, engine, figure(speeds[i]!), `${figure(speeds[i]! / alone.get(kind!)!)}×`],
          ...[`${figure(speeds[0]! / speeds[i]!)}×`, figure(median(rounds[i]!.flatMap(({ firstMs }) => firstMs)))],
        ]);
        console.error(rows.at(-1)!.join(" | "));
      }
    }
  } finally {
    await ours.end();
  }
}
const head = ["model", "at once", "server", "tok/s", `to ${COUNTS[0]}`, "Rivulet : this", "half of first tokens, ms"];
writeSection(
  "node bench/together.ts",
  `## Many conversations together, beside llama-server

\`node bench/together.ts --at-once ${values["at-once"]} --tokens ${TOKENS}\`: first turns that begin together over HTTP, replies of ${TOKENS} tokens (temperature 0.2, top-p 0.9), the same 4-bit weights, one thread that computes and one server process each, a llama-server
(llama-cpp-python 0.3.36, built on this machine, flash attention on) with as many places as conversations. Processor time of the server, medians of ${ROUNDS} rounds in alternation. ${machine()}

${table(head, rows)}`,
);
