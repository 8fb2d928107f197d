import { expect, it } from "vitest";
import { valuesIn, valuesOfFile } from "../../web/given-values.ts";
import { madeUpValues } from "../../web/made-up.ts";
import { chance, momentOf, short } from "../../web/stream-words.ts";

it("reads numbers between whatever separates them, and gaps", () => {
  expect(valuesIn(" 1, -2.5;3e2\n gap NA - ")).toEqual([1, -2.5, 300, null, null, null]);
  expect(valuesIn(" ")).toEqual([]);
  for (const wrong of ["1 two", "Infinity", "1e999"]) expect(() => valuesIn(wrong)).toThrow("expected numbers or gap");
});

it("reads the lines of a file, and names one that it cannot read", () => {
  expect(valuesOfFile("time,load\r\n2026-01-31,1\r\n2026-02-01,\r\n")).toEqual([
    { value: 1, time: "2026-01-31T00:00:00Z" },
    { value: null, time: "2026-02-01T00:00:00Z" },
  ]);
  expect(() => valuesOfFile("1\ntwo\n")).toThrow("line 2");
});

it("makes up values of a press, with a fault now and then", () => {
  const source = madeUpValues();
  const made = Array.from({ length: 90 }, () => source.next().value);
  for (const beside of [82, 84]) expect(made[83]! - made[beside]!).toBeGreaterThan(5);
});

it("says numbers, chances and moments in words", () => {
  expect([0, 12345.678, 0.1 + 0.2, 1e100, -1e-7].map(short)).toEqual(["0", "12,346", "0.3", "1.00e100", "-1.00e-7"]);
  expect([1e-9, 0.00042, 0.234].map(chance)).toEqual(["less than 0.01 %", "0.042 %", "23 %"]);
  const value = { position: 3, time: "2026-01-31T12:05:00.000Z", value: 9, tail_probability: 0.0001, anomaly: true };
  const values = [{ ...value, expected: { low: 1, median: 2, high: 3 } }];
  expect(momentOf(values, undefined, 0)).toBe(
    "2026-01-31 12:05: 9, expected 2, between 1 and 3; so far out in 0.01 %; an anomaly",
  );
  const forecast = { position: 4, quantiles: [], steps: [{ time: null, values: [1, 2, 3, 4, 5] }] };
  expect(momentOf(values, forecast, 1)).toBe("position 4: expected 3, between 1 and 5");
});
