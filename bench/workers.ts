/**
 * One process that computes against two, over HTTP: tokens per second of many conversations at once, and
 * the time to their first tokens.
 *
 *     node bench/workers.ts [--at-once 8,16,32,63] [--tokens 32] [--rounds 3] [--workers 2]
 *
 * Both servers are up and asked in turn. Times are processor time, which other work on the machine does not change:
 * what a round takes where every process has a core is what the busiest of them computed, and no less than all of them
 * divided by the cores that they have.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { packFolder } from "../scripts/serve-pack.ts";
import { workerFolder } from "../scripts/serve-workers.ts";
import { serverPid, start } from "../test/support/start-server.ts";
import { processMs } from "./process.ts";
import { figure, machine, table, writeSection } from "./section.ts";

const { values } = commandLine({
  "at-once": { type: "string", default: "1,8,16,32,63" },
  tokens: { type: "string", default: "32" },
  rounds: { type: "string", default: "3" },
  workers: { type: "string", default: "2" },
});
const TOKENS = Number(values.tokens);
const ROUNDS = Number(values.rounds);
const MANY = Number(values.workers);
const model = basename(packFolder());

interface Server {
  url: string;
  cores: number;
  pids: number[];
  end(): Promise<void>;
}

async function serve(workers: number): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-workers-"));
  // The key decides which process a conversation is in.
  const env = { SESSION_KEY: "5".repeat(64) };
  const { url, supervisor, ended } = await start(
    ["--port", "0", "--persist-to", folder, "--workers", String(workers)],
    env,
  );
  const pids = Array.from({ length: workers === 1 ? 1 : workers + 1 }, (_, n) => serverPid(workerFolder(folder, n)));
  const end = async () => {
    supervisor.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, cores: workers, pids, end };
}

/** What so much work takes in milliseconds where other programs leave this server its cores. */
const alone = ({ cores }: Server, spent: number[]): number =>
  Math.max(...spent, spent.reduce((a, b) => a + b, 0) / cores);

interface Round {
  tokens: number;
  ms: number;
  firstMs: number[];
  refused: number;
}

let talks = 0;
async function round(server: Server, count: number): Promise<Round> {
  const before = server.pids.map(processMs);
  const since = () =>
    alone(
      server,
      server.pids.map((pid, i) => processMs(pid) - before[i]!),
    );
  const result: Round = { tokens: 0, ms: 0, firstMs: [], refused: 0 };
  const talk = async (n: number) => {
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        ...{ model, conversation: `talk-${n}`, stream: true, max_tokens: TOKENS, temperature: 0.9, seed: n },
        // Every reply has its length.
        logit_bias: { 0: -100, 2: -100 },
        messages: [{ role: "user", content: `Tell me story number ${n}, about the sea, the wind and an old house.` }],
      }),
    });
    if (response.status === 503) return void result.refused++;
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    let isFirst = true;
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const tokens = chunk.match(/"content":"[^"]/g)?.length ?? 0;
      if (tokens > 0 && isFirst) result.firstMs.push(since());
      if (tokens > 0) isFirst = false;
      result.tokens += tokens;
    }
  };
  await Promise.all(Array.from({ length: count }, () => talk(talks++)));
  result.ms = since();
  return result;
}

const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

const servers = [await serve(1), await serve(MANY)];
const rows: (string | number)[][] = [];
try {
  for (const server of servers) for (let n = 0; n < 4; n++) await round(server, 2);
  for (const count of values["at-once"].split(",").map(Number)) {
    const rounds: Round[][] = servers.map(() => []);
    for (let n = 0; n < ROUNDS; n++)
      for (const [i, server] of servers.entries()) {
        talks = 1000 * count + 100 * n;
        rounds[i]!.push(await round(server, count));
      }
    const speed = rounds.map((all) => median(all.map(({ tokens, ms }) => (1000 * tokens) / ms)));
    const first = rounds.map((all) => median(all.flatMap(({ firstMs }) => firstMs)));
    const refused = rounds.flat().reduce((n, { refused: more }) => n + more, 0);
    rows.push([
      ...[count, figure(speed[0]!), figure(speed[1]!), `${figure(speed[1]! / speed[0]!)}×`],
      ...[figure(first[0]!), figure(first[1]!), refused],
    ]);
    console.error(rows.at(-1)!.join(" | "));
  }
} finally {
  for (const server of servers) await server.end();
}
writeSection(
  "node bench/workers.ts",
  `## Several processes that compute

\`node bench/workers.ts --workers ${MANY} --tokens ${TOKENS} --rounds ${ROUNDS} --at-once ${values["at-once"]}\`: conversations that begin together with ${model}, replies of ${TOKENS} tokens over HTTP, medians of rounds in alternation. In processor time, since other work ran on the
machine: a round takes what the busiest process computed, and no less than all of them divided by their cores, which is the time where the server has that many cores to itself. ${machine()}

${table(["at once", "tok/s, one process", `tok/s, ${MANY}`, "ratio", "first token, ms, one", `first token, ms, ${MANY}`, "refused (503)"], rows)}`,
);
