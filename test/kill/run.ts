/**
 * C4: a dialogue during which the server is killed again and again, at times drawn from a seed, must
 * end as the undisturbed one did.
 *
 * A kill comes after some token, or some milliseconds after a request was sent (before its first token, as a rule), or
 * right after the end of a turn. After each start the client comes back and reads on.
 */
import { type Dialogue, storedTurns, type Told, toldOf, turnOf, undisturbed } from "./dialogue.ts";
import type { KillableServer } from "./killable-server.ts";
import { randomFrom } from "./random.ts";
import { Broken, type TurnClient } from "./turn-client.ts";

export interface KillRun extends Dialogue {
  kills: number;
  /** The run fails when it takes longer. */
  limitMs: number;
  log?: (line: string) => void;
}

export interface KillReport {
  kills: { atToken: number; atTime: number; atEnd: number };
  /** Connections taken up again with Last-Event-ID, and requests sent again. */
  resumed: number;
  repeated: number;
  starts: number;
  tokens: number;
  seconds: number;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * `twin` runs the dialogue without faults, `server` with them. Both have been started.
 * Throws `Broken` when a promise was.
 */
export async function killRun(server: KillableServer, twin: KillableServer, run: KillRun): Promise<KillReport> {
  const beganMs = Date.now();
  const expected = await undisturbed(twin.url, run);
  await twin.end();
  const random = randomFrom(run.seed);
  const perTurn = Array.from({ length: run.turns }, () => 0);
  for (let i = 0; i < run.kills; i++) perTurn[random.below(run.turns)]!++;
  const report: KillReport = {
    kills: { atToken: 0, atTime: 0, atEnd: 0 },
    resumed: 0,
    repeated: 0,
    starts: 0,
    tokens: 0,
    seconds: 0,
  };
  const told: Told[] = [];
  for (let n = 0; n < run.turns; n++) {
    const client = turnOf(run, n);
    let left = perTurn[n]!;
    while (!client.finished || left > 0) {
      if (Date.now() - beganMs > run.limitMs) throw new Broken(`not done after ${run.limitMs} ms, in turn ${n + 1}`);
      left -= await disturb(server, client, left, random, run, report);
      await check(server, run, expected, n, client);
    }
    told.push(toldOf(client));
    same(told[n], expected[n], `turn ${n + 1}`);
    report.resumed += client.comebacks.resumed;
    report.repeated += client.comebacks.repeated - 1;
    report.tokens += client.lastId;
    run.log?.(`turn ${n + 1}: ${perTurn[n]} kills, ${client.lastId} events, ${client.reason}`);
  }
  same((await storedTurns(server.url, run)).length, run.turns, "O4: number of stored turns");
  return { ...report, starts: server.starts, seconds: Math.round((Date.now() - beganMs) / 100) / 10 };
}

/** One connection and at most one kill; the number of kills. The server is up afterwards. */
async function disturb(
  server: KillableServer,
  client: TurnClient,
  left: number,
  random: ReturnType<typeof randomFrom>,
  { maxTokens }: KillRun,
  report: KillReport,
): Promise<number> {
  if (client.finished) {
    report.kills.atEnd++;
    await server.kill();
    await server.start();
    return 1;
  }
  // Half of what is left of the reply at most, so that there is something left for the next kill.
  const atToken =
    client.tokens + 1 + random.below(Math.max(1, Math.ceil((maxTokens - client.tokens) / (left + 1)) * 2));
  const atTime = random.below(3) === 0 ? random.below(60) : undefined;
  let killed: Promise<void> | undefined;
  const kill = (kind: "atToken" | "atTime") => {
    if (killed || left === 0) return;
    report.kills[kind]++;
    killed = server.kill();
  };
  const timer = atTime === undefined ? undefined : setTimeout(() => kill("atTime"), atTime);
  const outcome = await client.connect(server.url, (tokens) => {
    if (atTime === undefined && tokens >= atToken) kill("atToken");
  });
  clearTimeout(timer);
  if (killed) {
    await killed;
    await server.start();
    return 1;
  }
  if (outcome === "broken") throw new Broken(`the connection broke without a kill: ${client.broken}`);
  if (outcome === "waiting") await pause(50);
  return 0;
}

/** After every start: what was acknowledged is there (O1), and no turn is torn (O2). */
async function check(server: KillableServer, run: KillRun, expected: Told[], n: number, client: TurnClient) {
  const text = expected[n]!.text;
  if (!text.startsWith(client.text))
    throw new Broken(`O3: turn ${n + 1} tells ${show(client.text)}, not ${show(text)}`);
  if (n === 0 && !client.finished) return;
  const turns = await storedTurns(server.url, run);
  const finished = turns.filter(({ status }) => status === "completed" || status === "incomplete");
  const acknowledged = n + Number(client.finished);
  if (finished.length < acknowledged)
    throw new Broken(`O1: ${acknowledged} turns acknowledged, ${finished.length} stored`);
  finished.forEach(({ reply }, i) => {
    same(typeof reply === "string" ? reply : reply?.content, expected[i]!.text, `O2: stored turn ${i + 1}`);
  });
}

const show = (text: string) => JSON.stringify(text.slice(-80));

function same(got: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  if (a !== b) throw new Broken(`${what}: ${a}, undisturbed it is ${b}`);
}
