import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { assumedPlatform, assumedUsers, measured } from "../../../scripts/capacity/constants.ts";
import { dollarsOf } from "../../../scripts/capacity/dollars.ts";
import { EventQueue } from "../../../scripts/capacity/event-queue.ts";
import { Isolate, passMs } from "../../../scripts/capacity/isolate.ts";
import { rateAt, simulate } from "../../../scripts/capacity/simulate.ts";
import { randomFrom } from "../../../scripts/capacity/world.ts";

const machine = { ...measured, passMs: [10, 15, 18], prefillMsPerToken: 2, coldStartMs: 500, slots: 2 };

/** Runs it until nothing is left: when each turn had its first token, and when it ended. */
function drain(isolate: Isolate) {
  const ended: { first: number; end: number }[] = [];
  while (!isolate.isIdle) {
    const at = isolate.nextAt;
    for (const turn of isolate.advance(at)) ended.push({ first: turn.firstTokenAt, end: at });
  }
  return ended;
}

it("the queue gives what is next, and of one moment what came first", () => {
  const random = randomFrom(3);
  const queue = new EventQueue<number>();
  const times = Array.from({ length: 500 }, () => Math.floor(random() * 50));
  for (const [n, at] of times.entries()) queue.add(at, n);
  const order = times.map((at, n) => ({ at, event: n })).sort((a, b) => a.at - b.at || a.event - b.event);
  expect(Array.from({ length: 500 }, () => queue.next())).toEqual(order);
  expect(queue.next()).toBeUndefined();
});

it("a turn alone takes its reading and its tokens; two share the thread, and their passes", () => {
  const alone = new Isolate(machine, 0, false);
  alone.ask(0, 100, 10);
  expect(drain(alone)).toEqual([{ first: 100, end: 200 }]);
  const both = new Isolate(machine, 0, false);
  both.ask(0, 100, 10);
  both.ask(0, 100, 10);
  // Both read at half speed; then a pass of 15 ms gives a token to each.
  expect(drain(both)).toEqual([
    { first: 200, end: 350 },
    { first: 200, end: 350 },
  ]);
  expect(both.busyMs).toBeCloseTo(350, 6);
});

it("beyond its memory slots turns wait, and in a cold isolate all do", () => {
  const isolate = new Isolate(machine, 0, true);
  for (let n = 0; n < 3; n++) isolate.ask(0, 100, 10);
  expect(isolate.waiting).toBe(1);
  const [, , last] = drain(isolate);
  expect(last!.first).toBeCloseTo(500 + 350 + 100, 6);
  expect(passMs(machine, 5)).toBe(24);
});

const day = (fields: Partial<Parameters<typeof simulate>[0]> = {}) =>
  simulate({
    ...{ machine, platform: assumedPlatform, users: { ...assumedUsers, peak: 1 } },
    conversations: 300,
    random: randomFrom(1),
    ...fields,
  });

it("counts what it was given: turns, and no more of them cold than isolates begin", () => {
  const { turns, cold, refused, p50, hours, objectSeconds } = day();
  expect(turns / (300 * assumedUsers.turnsPerConversation)).toBeGreaterThan(0.8);
  expect(turns / (300 * assumedUsers.turnsPerConversation)).toBeLessThan(1.2);
  expect([refused, hours.length]).toEqual([0, 24]);
  expect(cold).toBeGreaterThan(0);
  expect(cold).toBeLessThan(turns / 2);
  const read = machine.loadMs + 2 * assumedUsers.promptTokens;
  expect(p50).toBeGreaterThanOrEqual(read);
  expect(p50).toBeLessThan(2 * read);
  expect(objectSeconds).toBeGreaterThan((turns * read) / 1000);
  expect(day()).toEqual(day());
});

it("the more objects share an isolate, the fewer isolates and cold turns, and the longer the wait of a busy hour", () => {
  const of = (objectsPerIsolate: number) =>
    day({ conversations: 8000, platform: { ...assumedPlatform, objectsPerIsolate } });
  const [one, many] = [of(1), of(100)];
  const isolates = ({ hours }: typeof one) => Math.max(...hours.map((hour) => hour.isolates));
  expect(isolates(one)).toBeGreaterThan(3 * isolates(many));
  expect(one.cold).toBeGreaterThan(many.cold);
  expect(many.p99).toBeGreaterThan(one.p99);
  expect(many.busy).toBeGreaterThan(one.busy);
});

it("a day's curve keeps its average", () => {
  const rates = Array.from({ length: 24 }, (_, hour) => rateAt(hour * 3_600_000, 1.8));
  expect(rates.reduce((a, b) => a + b, 0) / 24).toBeCloseTo(1, 9);
  expect([Math.min(...rates), rates[4]]).toEqual([rates[4], rates[4]]);
  expect(Math.max(...rates)).toBeCloseTo(1.8, 9);
});

it("prices what is kept, and what those pay who keep nothing", () => {
  const given = { turns: 1000, objectSeconds: 1000, peakTokens: 1 };
  const users = { ...assumedUsers, users: 100, daysKept: 10 };
  const { rivulet, rows, storage, workersAi, gpus } = dollarsOf(given, assumedPlatform, users);
  expect(storage).toBeCloseTo((100 * 0.5 * 10 * 13e6 * 0.2) / 1e9, 9);
  expect(rivulet).toBeGreaterThan(storage);
  // A database is made once for a conversation, whose first turn pays for it.
  const short = dollarsOf(given, assumedPlatform, { ...users, turnsPerConversation: 1 });
  expect(short.rows - rows).toBeCloseTo(1000 * 30 * 29 * (1 - 1 / 6) * 1e-6, 9);
  expect(gpus).toBeCloseTo(576, 6);
  const long = dollarsOf(given, assumedPlatform, { ...users, documentTokens: 8000 });
  expect(long.workersAi - workersAi).toBeCloseTo(1000 * 30 * 8000 * 0.027e-6, 9);
  expect(long.rivulet).toBe(rivulet);
});

const script = join(import.meta.dirname, "../../../scripts/capacity.ts");

it("npm run capacity gives a day as JSON, draws it, and names an option that is wrong", () => {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-capacity-"));
  try {
    const args = [script, "--users", "300", "--json", "--seed", "2"];
    const told = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
    expect(told.turns).toBeGreaterThan(300);
    expect(told.dollars.rivulet).toBeGreaterThan(0);
    execFileSync(process.execPath, [...args, "--plots", folder, "--locations", "1"]);
    const drawn = readdirSync(folder).sort();
    expect(drawn).toEqual(["capacity-cost.svg", "capacity-first-token.svg", "capacity-isolates.svg"]);
    for (const file of drawn)
      expect(readFileSync(join(folder, file), "utf8")).toMatch(
        /^<svg [^>]*><title>.*<polyline points="[\d., ]+".*<\/svg>\n$/,
      );
    const { status, stderr } = spawnSync(process.execPath, [script, "--users", "many"], { encoding: "utf8" });
    expect([status, stderr]).toEqual([2, "--users: expected 1 to 1000000000, got many\n"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
