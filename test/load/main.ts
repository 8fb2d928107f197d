/**
 * npm run load: many callers at once against a server of its own on this machine, with a tiny pack.
 *
 *     npm run load -- [--conversations n] [--concurrent n] [--rate acts-a-second] [--minutes n]
 *
 * Without `--minutes` it ends when every conversation had its turn, for which callers come back to a server that is
 * full; with it, it goes round until the time is over (a soak). Ends with 1 when a turn that was answered is lost, a
 * database is not of the size that docs/durability.md says, the server fails other than by saying that it is full, a
 * golden or seeded request gives other bytes during or after, a row is left that nobody will read, idle objects keep
 * their descriptors, or, in a soak, memory goes on growing or something never happened that should happen at times.
 */
import { commandLine } from "../../scripts/command-line.ts";
import { serverPid } from "../support/start-server.ts";
import { toyServer } from "../support/toy-server.ts";
import { Callers } from "./callers.ts";
import { bytesOnDisk, databasesAtRest, type Held, heldBy } from "./measure.ts";

const { values } = commandLine({
  conversations: { type: "string", default: "200" },
  concurrent: { type: "string", default: "16" },
  rate: { type: "string", default: "10000" },
  minutes: { type: "string" },
});
const bounded = (text: string | undefined, most: number): number => Math.max(1, Math.min(most, Number(text ?? 0)));
const conversations = bounded(values.conversations, 20_000);
const concurrent = bounded(values.concurrent, 256);
const paceMs = 1000 / bounded(values.rate, 10_000);
const minutes = values.minutes === undefined ? 0 : bounded(values.minutes, 1440);
/** Alarms of turns ring up to 40 seconds later; then idle objects are put away. */
const REST_MS = 90_000;
/** What a soak must have seen. */
const SOMETIMES = ["state resumed", "deleted", "left in the middle", "answered over a socket", "a seed repeated"];
/** Conversations from which on memory has had time to grow. */
const MANY = 2000;
/** Of memory, between the second quarter of a soak and its end. */
const MOST_GROWTH = 1.2;

const server = await toyServer();
const pid = serverPid(server.folder);
const callers = new Callers(server.url);
const { tally } = callers;
const measured: Held[] = [];
const measure = () => void measured.push(heldBy(pid));
measure();
await callers.golden();

const beganMs = performance.now();
const untilMs = beganMs + minutes * 60_000;
let next = 0;
let round = 0;
let started = 0;

async function caller(): Promise<void> {
  for (;;) {
    if (next >= conversations || (round > 0 && performance.now() >= untilMs)) {
      if (performance.now() >= untilMs) return;
      [next, round] = [0, round + 1];
    }
    const n = next++;
    const dueMs = beganMs + started++ * paceMs;
    if (dueMs > performance.now()) await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()));
    await callers.act(n, round);
    if (n % 50 === 0) {
      measure();
      await callers.golden();
      if (n % 500 === 0) console.error(`round ${round}: ${n} conversations, ${Math.round(performance.now() / 1000)} s`);
    }
  }
}
await Promise.all(Array.from({ length: concurrent }, caller));
const seconds = (performance.now() - beganMs) / 1000;
measure();
await callers.golden();
const onDisk = bytesOnDisk(server.folder);
await callers.recount(concurrent);
const awake = heldBy(pid);
await new Promise((resolve) => setTimeout(resolve, REST_MS));
await callers.golden();
const rested = heldBy(pid);
await server.stop(false);
const { kept, emptied, keptBytes, medianBytes, unlike, orphans } = databasesAtRest(server.folder);
server.remove();

const sorted = tally.firstTokenMs.toSorted((a, b) => a - b);
const at = (share: number): number =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
const MiB = (bytes: number): number => Math.round(bytes / 2 ** 20);
const KiB = (bytes: number): number => Number((bytes / 1024).toFixed(1));
/** At each quarter's end, so that growth is seen. */
const quarters = [1, 2, 3, 4].map((quarter) => measured[Math.ceil((quarter / 4) * measured.length) - 1]!.rss);
const first = measured[0]!;
/** A server that is full or quota-bound says so; any other failure of its own is a fault. */
const faults = [...tally.refusals].filter(([what]) => /^5/.test(what) && !/^50[37] /.test(what));
const wrong = [
  ...faults.map(([what, times]) => `${times} times ${what}`),
  ...tally.lost.map((what) => `lost: ${what}`),
  ...(tally.differed > 0 ? [`${tally.differed} replies differed`] : []),
  ...(minutes === 0 && tally.acknowledged.size < conversations
    ? [`${conversations - tally.acknowledged.size} conversations had no turn`]
    : []),
  ...unlike.map((what) => `a database of ${what}`),
  ...(orphans > 0 ? [`${orphans} rows that nobody will read`] : []),
  ...(rested.descriptors > first.descriptors + 64 ? [`${rested.descriptors} descriptors after a rest`] : []),
  ...((minutes > 0 || conversations >= MANY) && quarters[3]! > MOST_GROWTH * quarters[1]!
    ? [`memory grew: ${quarters.map(MiB).join(", ")} MiB`]
    : []),
  ...(minutes > 0 ? SOMETIMES.filter((what) => !tally.seen.has(what)).map((what) => `never seen: ${what}`) : []),
];
console.log(
  JSON.stringify(
    {
      seconds: Math.round(seconds),
      conversations: tally.acknowledged.size,
      turns: tally.turns,
      turnsPerSecond: Number((tally.turns / seconds).toFixed(1)),
      firstTokenMs: { p50: at(0.5), p99: at(0.99) },
      asked: Object.fromEntries(tally.asked),
      refusals: Object.fromEntries(tally.refusals),
      seen: Object.fromEntries(tally.seen),
      rssMiB: {
        before: MiB(first.rss),
        most: MiB(Math.max(...measured.map(({ rss }) => rss))),
        quarters: quarters.map(MiB),
        rested: MiB(rested.rss),
      },
      descriptors: {
        before: first.descriptors,
        most: Math.max(...measured.map(({ descriptors }) => descriptors)),
        recounted: awake.descriptors,
        rested: rested.descriptors,
      },
      disk: {
        MiB: MiB(onDisk),
        conversations: kept,
        emptied,
        KiBPerConversation: KiB(keptBytes / Math.max(1, kept)),
        median: KiB(medianBytes),
      },
      wrong: wrong.slice(0, 20),
    },
    null,
    2,
  ),
);
process.exit(wrong.length > 0 ? 1 : 0);
