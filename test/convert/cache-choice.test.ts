import { expect, it } from "vitest";
import { chooseCache } from "../../src/convert/pack/cache-choice.ts";
import { failureOf } from "../weights/failing.ts";

it("keeps every position unless asked otherwise, exactly for exact weights", () => {
  expect(chooseCache({}, "f32", {})).toEqual({ policy: "full", sinks: 0, dtype: "f32" });
  expect(chooseCache({}, "f16", {})).toMatchObject({ dtype: "f32" });
  expect(chooseCache({}, "q8", {})).toMatchObject({ dtype: "int8" });
  expect(chooseCache({}, "q4", {})).toMatchObject({ dtype: "int8" });
  expect(chooseCache({}, "q4", { dtype: "f32" })).toMatchObject({ dtype: "f32" });
});

it("takes the window of the command line before the config's own", () => {
  const config = { rivulet_cache: { sinks: 4, window: 512 } };
  expect(chooseCache(config, "q4", {})).toEqual({ policy: "window", sinks: 4, window: 512, dtype: "int8" });
  expect(chooseCache(config, "q4", { window: 64 })).toMatchObject({ sinks: 4, window: 64 });
  expect(chooseCache(config, "q4", { sinks: 0 })).toMatchObject({ sinks: 0, window: 512 });
  expect(chooseCache({}, "q4", { window: 64 })).toMatchObject({ sinks: 0, window: 64 });
});

it("refuses a config whose window is no number", () => {
  expect(failureOf(() => chooseCache({ rivulet_cache: { window: "all" } }, "q4", {})).message).toContain(
    "rivulet_cache: window",
  );
  expect(failureOf(() => chooseCache({ rivulet_cache: 5 }, "q4", {})).message).toContain("rivulet_cache");
});
