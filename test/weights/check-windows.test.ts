import { expect, it } from "vitest";
import type { StateSpec } from "../../src/layers/layer.ts";
import { checkWindows } from "../../src/weights/check-windows.ts";
import type { CachePolicy } from "../../src/weights/manifest.ts";
import { failureOf } from "./failing.ts";

const state: StateSpec[] = [
  { kind: "fixed", name: "a.0", shape: [4] },
  { kind: "cache", name: "a.1", layer: 1, heads: 1, width: 8 },
  { kind: "cache", name: "a.4", layer: 4, heads: 1, width: 8, window: 16 },
];
const policy = (windows?: Record<string, number>): CachePolicy => ({
  policy: "window",
  sinks: 4,
  window: 128,
  dtype: "int8",
  ...(windows ? { windows } : {}),
});

it("takes windows of layers with attention", () => {
  for (const taken of [policy(), policy({ "1": 2048 })]) expect(() => checkWindows(taken, state, "here")).not.toThrow();
});

it.each([
  [{ "0": 64 }, "here: expected layers with attention (1, 4), got 0"],
  [{ "1": 64, "99": 64 }, "here: expected layers with attention (1, 4), got 99"],
  [{ "01": 64 }, "here: expected layers with attention (1, 4), got 01"],
  [{ "4": 64 }, "here: layer 4: expected none, as the model itself has a window of 16 there"],
])("refuses %o", (windows, message) => {
  const failure = failureOf(() => checkWindows(policy(windows), state, "here"));
  expect([failure.code, failure.message, failure.param]).toEqual(["weights_invalid", message, "windows"]);
});

it("says so where a model has no attention at all", () => {
  const { message } = failureOf(() => checkWindows(policy({ "1": 64 }), [], "here"));
  expect(message).toBe("here: expected layers with attention (this model has none), got 1");
});
