import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const legend = readFileSync("docs/guarantees.md", "utf8");
const explained = new Set([...legend.matchAll(/^\| ([A-Z]\d{1,2}) \|/gm)].map(([, id]) => id!));
for (let n = 1; n <= 8; n++) explained.add(`O${n}`);

/** Ids at the beginning of a title, and those in brackets at its end. */
function idsIn(source: string): string[] {
  const titles = [...source.matchAll(/\b(?:it|test|describe)(?:\.\w+)*\(\s*["'`]([^"'`\n]*)/g)].map(
    ([, title]) => title!,
  );
  const leading = titles.flatMap(
    (title) => /^((?:[A-Z]\d{1,2}(?:, |: ))+)/.exec(title)?.[1]?.match(/[A-Z]\d{1,2}/g) ?? [],
  );
  const trailing = titles.flatMap((title) => /\(([A-Z]\d{1,2})\)$/.exec(title)?.[1] ?? []);
  return [...leading, ...trailing];
}

it("reads ids from titles", () => {
  expect(idsIn('it("C2, O4: killed", () => {}); it("slow (H11)", () => {}); it("F16 weights", () => {})')).toEqual([
    "C2",
    "O4",
    "H11",
  ]);
});

it("explains every id in a test's title", () => {
  const unknown = globSync("test/**/*.{test,e2e,suite}.ts").flatMap((file) =>
    idsIn(readFileSync(file, "utf8"))
      .filter((id) => !explained.has(id))
      .map((id) => `${file}: ${id}`),
  );
  expect(unknown).toEqual([]);
});
