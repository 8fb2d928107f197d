import { expect, it } from "vitest";
import { csvReader } from "../../src/client/csv-values.ts";

const read = (text: string, columns = {}) => {
  const reader = csvReader(columns);
  return text.split("\n").flatMap((line, i) => reader(line, i + 1) ?? []);
};

it("reads plain numbers, gaps and empty lines", () => {
  expect(read("1\n\n2.5\nNA\n-3e2")).toEqual([1, 2.5, null, -300].map((value) => ({ value })));
});

it("reads a table with a heading, its times and other separators", () => {
  expect(read("date;load\n2026-01-31 12:00;4\n2026-02;5")).toEqual([
    { time: "2026-01-31T12:00Z", value: 4 },
    { time: "2026-02-01T00:00:00Z", value: 5 },
  ]);
  expect(read('id,"a, b",note\n7,3,x', { value: "a, b" })).toEqual([{ value: 3 }]);
  expect(read("1700000000,4", { time: "1" })).toEqual([{ time: 1700000000, value: 4 }]);
  expect(read("2026-01-01T00:00:00+0200,4")).toEqual([{ time: "2026-01-01T00:00:00+02:00", value: 4 }]);
});

it.each([
  ["1\nx", {}, 'line 2: expected a number, got "x"'],
  ["a,b\n1,2", { value: "c" }, "--value: expected a column (a, b), got c"],
  ["1,2", { time: "9" }, "--time: expected a column (1 to 2), got 9"],
  ["t,v\nsoon,2", { time: "t" }, 'line 2: expected a time, got "soon"'],
])("says where %j is wrong", (text, columns, message) => {
  expect(() => read(text, columns)).toThrow(message);
});
