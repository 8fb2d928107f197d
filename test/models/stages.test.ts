import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Model } from "../../src/models/architecture.ts";
import { modelFrom } from "../../src/models/index.ts";
import { divide, stageOf, weightBytes } from "../../src/models/stages.ts";

const model = (name: string): Model =>
  modelFrom(JSON.parse(readFileSync(join(import.meta.dirname, `../../models/configs/${name}.json`), "utf8")));

const namesOf = ({ weights }: Pick<Model, "weights">) => weights.map(({ name }) => name);

describe.each(["granite-4.0-h-350m", "falcon-h1-tiny-90m", "zamba2-1.2b", "mamba2-130m"])("%s", (name) => {
  const whole = model(name);

  it.each([2, 3, 8])("is whole again when its %i stages are put together", (count) => {
    const ranges = divide(whole, count, "q4");
    expect(ranges.length).toBe(count);
    const stages = ranges.map((_, k) => stageOf(whole, ranges, k));
    expect(stages.flatMap(({ blocks }) => blocks)).toEqual(whole.blocks);
    expect(stages.flatMap(({ state }) => state)).toEqual(whole.state);
    expect(new Set(stages.flatMap(namesOf))).toEqual(new Set(namesOf(whole)));
    expect(stages.map(({ entry }) => entry)).toEqual(stages.map((_, k) => k === 0));
    expect(stages.map(({ exit }) => exit)).toEqual(stages.map((_, k) => k === count - 1));
    expect(namesOf(stages[0]!)).toContain(whole.names.embedding);
    expect(namesOf(stages.at(-1)!)).toContain(whole.head?.name ?? whole.names.embedding);
    for (const stage of stages.slice(1, -1)) expect(namesOf(stage)).not.toContain(whole.names.embedding);
  });
});

it("cuts so that no other cut has a smaller largest stage", () => {
  const whole = model("granite-4.0-h-350m");
  const B = whole.blocks.length;
  const largest = (cuts: number[]) => {
    const ranges = cuts.slice(1).map((to, i) => [cuts[i]!, to] as const);
    return Math.max(...ranges.map((_, k) => weightBytes(stageOf(whole, ranges, k), "q4")));
  };
  let best = Infinity;
  for (let a = 0; a <= B; a++) for (let b = a + 1; b <= B; b++) best = Math.min(best, largest([0, a, b, B]));
  expect(largest([0, ...divide(whole, 3, "q4").map(([, to]) => to)])).toBe(best);
  // An even cut by number of blocks is not as good: the ends carry the embedding.
  expect(largest([0, Math.round(B / 3), Math.round((2 * B) / 3), B])).toBeGreaterThan(best);
});

it.each([1, 0, 1.5, 67])("refuses %d stages of 64 blocks", (count) => {
  const whole = model("granite-4.0-h-350m");
  expect(whole.blocks.length).toBe(64);
  expect(() => divide(whole, count, "q4")).toThrow(`stages: expected 2 to 66 for a model of 64 blocks, got ${count}`);
});

it("lets the ends be without a block where that is what it takes", () => {
  const whole = model("mamba2-130m");
  const B = whole.blocks.length;
  const ranges = divide(whole, B + 2, "q4");
  expect([ranges[0], ranges[1], ranges.at(-1)]).toEqual([
    [0, 0],
    [0, 1],
    [B, B],
  ]);
  const [first, second, last] = [0, 1, B + 1].map((k) => stageOf(whole, ranges, k));
  expect([first!.entry, first!.blocks.length, second!.entry, last!.exit]).toEqual([true, 0, false, true]);
});
