import { expect, it } from "vitest";
import { expectClose } from "./expect-close.ts";

it("accepts what lies within the tolerance, and equal infinities", () => {
  expectClose([1.05, Infinity, -Infinity, 0], [1, Infinity, -Infinity, -0], { abs: 0.1 });
  expectClose([110], [100], { abs: 0, rel: 0.1 });
});

it.each([
  ["NaN instead of a number", [Number.NaN], [0]],
  ["a number instead of NaN", [0], [Number.NaN]],
  ["NaN on both sides", [Number.NaN], [Number.NaN]],
  ["the wrong infinity", [-Infinity], [Infinity]],
  ["infinity instead of a number", [Infinity], [1]],
  ["a value too far", [1.2], [1]],
  ["a missing value", [], [1]],
])("refuses %s", (_, actual, expected) => {
  expect(() => expectClose(actual, expected, { abs: 0.1 })).toThrow();
});

it("names the worst value", () => {
  expect(() => expectClose([1, 2, 9], [1, 3, 3], { abs: 0.1 }, "logits")).toThrow("logits[2]: expected 3 ± 0.1, got 9");
});
