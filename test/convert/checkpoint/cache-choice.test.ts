import { expect, it } from "vitest";
import { chooseCache } from "../../../src/convert/checkpoint/cache-choice.ts";
import { failureOf } from "../../weights/failing.ts";

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

it("takes windows of single layers, from the command line before the config's own", () => {
  const config = { rivulet_cache: { window: 128, sinks: 4, windows: { "20": 2048, "23": 1024 } } };
  expect(chooseCache(config, "q4", {})).toEqual({
    policy: "window",
    sinks: 4,
    window: 128,
    windows: { "20": 2048, "23": 1024 },
    dtype: "int8",
  });
  expect(chooseCache(config, "q4", { windows: { "20": 64 } })).toMatchObject({ window: 128, windows: { "20": 64 } });
  expect(chooseCache(config, "q4", { window: 64 })).toEqual({ policy: "window", sinks: 4, window: 64, dtype: "int8" });
  expect(chooseCache({}, "q4", { window: 64, windows: { "1": 9 } })).toMatchObject({ window: 64, windows: { "1": 9 } });
  const none = { rivulet_cache: { window: 128, windows: {} } };
  expect(chooseCache(none, "q4", {})).not.toHaveProperty("windows");
});

it("refuses windows of single layers without a common one", () => {
  const asked = failureOf(() => chooseCache({}, "q4", { windows: { "1": 64 } }));
  expect([asked.code, asked.message]).toEqual(["request_invalid", "--windows: only with --window"]);
  const stated = (rivulet_cache: object) => failureOf(() => chooseCache({ rivulet_cache }, "q4", {})).message;
  expect(stated({ windows: { "1": 64 } })).toBe(
    "config.json: rivulet_cache: window: expected an integer from 1 to 1048576, got nothing",
  );
  expect(stated({ window: 64, windows: { "1": "all" } })).toBe(
    'config.json: rivulet_cache: windows: 1: expected an integer from 1 to 1048576, got "all"',
  );
  expect(stated({ window: 64, windows: [64] })).toContain("config.json: rivulet_cache: windows: expected an object");
});

it("refuses a config whose window is no number", () => {
  expect(failureOf(() => chooseCache({ rivulet_cache: { window: "all" } }, "q4", {})).message).toContain(
    "rivulet_cache: window",
  );
  expect(failureOf(() => chooseCache({ rivulet_cache: 5 }, "q4", {})).message).toContain("rivulet_cache");
});
