import { afterEach, expect, it, vi } from "vitest";
import { Alarms } from "../../../durable-objects/platform/alarms.ts";
import { limits } from "../../../durable-objects/platform/limits.ts";

const seconds = (count: number): number => count * 1000;
let nowMs = 0;
/** What is set, and how often it was. */
function alarmsAt(): { alarms: Alarms; set: number[] } {
  nowMs = 0;
  vi.spyOn(Date, "now").mockImplementation(() => nowMs);
  const set: number[] = [];
  const storage = {
    setAlarm: async (atMs: number) => void set.push(atMs),
    getAlarm: async () => set.at(-1) ?? null,
  };
  return { alarms: new Alarms(storage), set };
}
const turnAt = (alarms: Alarms, atMs: number): void => {
  nowMs = atMs;
  alarms.watch(nowMs + limits.alarmMs);
};

afterEach(() => vi.restoreAllMocks());

it("turns that follow each other put their alarm off before it rings, and not each of them", () => {
  const { alarms, set } = alarmsAt();
  for (let at = 0; at <= 100; at += 5) {
    expect(set.at(-1) ?? Number.POSITIVE_INFINITY, `${at} s: it has rung`).toBeGreaterThan(seconds(at));
    turnAt(alarms, seconds(at));
  }
  expect(set).toEqual([30, 55, 80, 105, 130].map(seconds));
});

it("what others have asked for is not put off, whether it was set or came after the turn's alarm", async () => {
  const { alarms, set } = alarmsAt();
  turnAt(alarms, 0);
  alarms.ask(seconds(45));
  await alarms.atLatest(seconds(40));
  turnAt(alarms, seconds(29));
  expect(set).toEqual([30, 40].map(seconds));
  turnAt(alarms, seconds(39));
  expect(set).toEqual([30, 40].map(seconds));
  alarms.rang();
  turnAt(alarms, seconds(41));
  expect(set).toEqual([30, 40, 71].map(seconds));
});
