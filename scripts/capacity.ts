/**
 * npm run capacity -- [--users n] [--objects n] [--slots n] [--locations n] [--peak x] [--think s]
 * [--prompt n] [--reply n] [--document n]
 *                     [--days n] [--stored bytes] [--slower x] [--seed n] [--json] [--plots <folder>]
 *
 * Simulates a day of conversations on Cloudflare from what one machine was measured to do and from assumptions about
 * the platform, and says how many isolates that takes, how long the first token takes, and what a month costs there, on
 * Workers AI and on GPUs. docs/capacity.md.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assumedPlatform, assumedUsers, measured } from "./capacity/constants.ts";
import { dollarsOf } from "./capacity/dollars.ts";
import { plot } from "./capacity/plot.ts";
import { simulateWorld, type Total } from "./capacity/world.ts";
import { commandLine } from "./command-line.ts";

const options = {
  users: "1000000",
  objects: String(assumedPlatform.objectsPerIsolate),
  slots: String(measured.slots),
  locations: String(assumedPlatform.locations),
  peak: String(assumedUsers.peak),
  think: String(assumedUsers.thinkSeconds),
  prompt: String(assumedUsers.promptTokens),
  reply: String(assumedUsers.replyTokens),
  document: String(assumedUsers.documentTokens),
  days: String(assumedUsers.daysKept),
  stored: String(assumedPlatform.storedBytes),
  slower: "1",
  seed: "1",
} as const;

class UsageError extends Error {}

function readOptions() {
  const texts = Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name, { type: "string" as const, default: value }]),
  );
  const { values } = commandLine({ ...texts, json: { type: "boolean", default: false }, plots: { type: "string" } });
  try {
    const given = values as Record<string, string | boolean | undefined>;
    const number = (name: keyof typeof options, least: number, most: number): number => {
      const value = Number(given[name]);
      if (Number.isFinite(value) && value >= least && value <= most) return value;
      throw new Error(`--${name}: expected ${least} to ${most}, got ${given[name]}`);
    };
    const whole = (name: keyof typeof options, least: number, most: number) => Math.round(number(name, least, most));
    const slower = number("slower", 0.1, 100);
    return {
      machine: {
        ...measured,
        passMs: measured.passMs.map((ms) => ms * slower),
        prefillMsPerToken: measured.prefillMsPerToken * slower,
        coldStartMs: measured.coldStartMs * slower,
        slots: whole("slots", 1, 64),
      },
      platform: {
        ...assumedPlatform,
        objectsPerIsolate: whole("objects", 1, 10_000),
        locations: whole("locations", 1, 400),
        storedBytes: whole("stored", 0, 1e9),
      },
      users: {
        ...assumedUsers,
        users: whole("users", 1, 1e9),
        peak: number("peak", 1, 2),
        thinkSeconds: number("think", 0, 86_400),
        promptTokens: whole("prompt", 1, 1e6),
        replyTokens: whole("reply", 1, 1e5),
        documentTokens: whole("document", 0, 1e6),
        daysKept: whole("days", 0, 3650),
      },
      seed: whole("seed", 0, 2 ** 31),
      json: given.json === true,
      plots: given.plots as string | undefined,
    };
  } catch (thrown) {
    throw new UsageError((thrown as Error).message.split("\n")[0]);
  }
}

type Options = ReturnType<typeof readOptions>;

function costs(options: Options, total: Total) {
  const { users, platform } = options;
  // The busiest second has the peak's share of a day's replies.
  const peakTokens = (total.turns * users.replyTokens * users.peak) / 86_400;
  return dollarsOf({ turns: total.turns, objectSeconds: total.objectSeconds, peakTokens }, platform, users);
}

const dollars = (value: number) => `$${value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2)}`;
const percent = (part: number) => `${(100 * part).toFixed(part < 0.1 ? 2 : 1)} %`;

function print(options: Options): void {
  const { users, platform, machine } = options;
  const line = (cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
  console.log(
    `${users.users.toLocaleString("en")} users, ${users.conversationsPerDay} conversations of ${users.turnsPerConversation} turns a day, ${platform.locations} locations, ${machine.slots} memory slots in an isolate\n`,
  );
  line([
    "objects in one isolate at most",
    "isolates",
    "cold turns",
    "refused",
    "first token p50, ms",
    "p99, ms",
    "tok/s of a reply",
    "thread busy",
  ]);
  line(["---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:"]);
  for (const objectsPerIsolate of [...new Set([1, 2, 4, 8, 16, platform.objectsPerIsolate])].sort((a, b) => a - b)) {
    const one = simulateWorld({ ...options, platform: { ...platform, objectsPerIsolate } });
    const { turns, isolates, cold, refused, p50, p99, rate, busy } = one;
    const shares = [percent(cold / turns), percent(refused / (turns + refused))];
    line([
      objectsPerIsolate,
      Math.round(isolates),
      ...shares,
      Math.round(p50),
      Math.round(p99),
      Math.round(rate),
      percent(busy),
    ]);
  }
  console.log("");
  line(["users", "object time", "rows", "requests", "storage", "Rivulet, a month", "Workers AI", "GPUs"]);
  line(["---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:"]);
  for (const count of [1000, 10_000, 100_000, 1_000_000, 10_000_000]) {
    const scaled = { ...options, users: { ...users, users: count } };
    const { objectTime, rows, requests, storage, rivulet, workersAi, gpus } = costs(scaled, simulateWorld(scaled));
    line([count.toLocaleString("en"), ...[objectTime, rows, requests, storage, rivulet, workersAi, gpus].map(dollars)]);
  }
}

function draw(options: Options, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const { hours } = simulateWorld(options);
  const labels = hours.map((_, hour) => `${hour}:00`);
  const latency = [
    { name: "p50", values: hours.map(({ p50 }) => p50) },
    { name: "p99", values: hours.map(({ p99 }) => p99) },
  ];
  writeFileSync(
    join(folder, "capacity-first-token.svg"),
    plot("First token in the largest location, ms", labels, latency),
  );
  const isolates = [{ name: "isolates", values: hours.map((hour) => hour.isolates) }];
  writeFileSync(join(folder, "capacity-isolates.svg"), plot("Isolates in the largest location", labels, isolates));
  const counts = [1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000];
  const costsOf = counts.map((count) => {
    const scaled = { ...options, users: { ...options.users, users: count } };
    return costs(scaled, simulateWorld(scaled));
  });
  const lines = [
    { name: "Rivulet", values: costsOf.map(({ rivulet }) => rivulet) },
    { name: "Workers AI", values: costsOf.map(({ workersAi }) => workersAi) },
    { name: "GPUs", values: costsOf.map(({ gpus }) => gpus) },
  ];
  const names = counts.map((count) => count.toLocaleString("en"));
  writeFileSync(join(folder, "capacity-cost.svg"), plot("Dollars a month by users", names, lines, { log: true }));
}

try {
  const options = readOptions();
  if (options.json) {
    const total = simulateWorld(options);
    console.log(JSON.stringify({ ...total, dollars: costs(options, total) }));
  } else print(options);
  if (options.plots !== undefined) draw(options, options.plots);
} catch (thrown) {
  if (!(thrown instanceof UsageError)) throw thrown;
  console.error(thrown.message);
  process.exitCode = 2;
}
