import { expect, it } from "vitest";
import { type Arrangement, arrange } from "../../../durable-objects/stream/arrange.ts";
import type { Entry } from "../../../durable-objects/stream/entry.ts";

const HISTORY = 4096;
const entries: Entry[] = Array.from({ length: HISTORY }, (_, i) => ({
  ...{ value: i, timeMs: 2000 * i },
  ...{ tail: null, expected: null },
}));

/** A stream of a value every two seconds, and how often its past was read. */
function streamWith(fields: Partial<Arrangement>) {
  const read = { times: 0 };
  const where: Arrangement = {
    ...{ position: HISTORY, lastMs: 2000 * (HISTORY - 1), periodMs: undefined, late: "replay" },
    past: () => {
      read.times++;
      return { start: 0, entries, rewindable: 0 };
    },
    ...fields,
  };
  return { where, read };
}

it("reads the past once, however many values are late or there already", () => {
  const { where, read } = streamWith({});
  const doubles = Array.from({ length: 500 }, () => ({ value: 4094, timeMs: 2000 * 4094 }));
  const late = Array.from({ length: 500 }, (_, i) => ({ value: -i, timeMs: 2000 * (4000 - i) + 1000 }));
  const { from, steps, duplicates } = arrange([...doubles, ...late], where);
  expect([from, duplicates, steps.filter(({ isNew }) => isNew).length]).toEqual([3502, 500, 500]);
  expect(steps.map(({ timeMs }) => timeMs)).toEqual(steps.map(({ timeMs }) => timeMs).toSorted((a, b) => a! - b!));
  expect(read.times).toBe(1);
});

it("does not read it for values that come in their order", () => {
  const { where, read } = streamWith({});
  arrange([{ value: 1, timeMs: 2000 * HISTORY }], where);
  expect(read.times).toBe(0);
});
