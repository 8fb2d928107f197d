/**
 * A11: hostile Markdown costs the page a bounded amount of work; what lies beyond the
 * budget is shown as it was written.
 */
import type { Nodes } from "mdast";
import { describe, expect, it } from "vitest";
import { mathML } from "../../web/lazy/maths.ts";
import { afterColouring, readableEnd } from "../../web/markdown-budget.ts";
import { parsed } from "../../web/markdown-tree.ts";
import { withDollars } from "../../web/tex-brackets.ts";
import { cpuMs } from "../support/cpu-time.ts";

/** Its types are those of a browser's page, which this program has not. */
const highlight: string = "../../web/lazy/highlight.ts";
const { highlighted } = (await import(highlight)) as { highlighted(code: string, language: string): unknown };

/** A text of a document that somebody pastes. */
const LENGTH = 100_000;
const filled = (part: string, length = LENGTH): string => part.repeat(Math.ceil(length / part.length)).slice(0, length);
/**
 * What a slow processor takes for the whole budget several times over; without one these inputs take
 * minutes, or overflow the stack.
 */
const MOST_MS = 6000;
function timed<T>(work: () => T): { ms: number; result: T } {
  const beganMs = cpuMs();
  const result = work();
  return { ms: cpuMs() - beganMs, result };
}

function sizeOf(root: Nodes): { nodes: number; depth: number } {
  const left: [Nodes, number][] = [[root, 1]];
  const size = { nodes: 0, depth: 0 };
  for (let next = left.pop(); next; next = left.pop()) {
    const [node, depth] = next;
    size.nodes++;
    size.depth = Math.max(size.depth, depth);
    if ("children" in node) for (const child of node.children) left.push([child, depth + 1]);
  }
  return size;
}

const hostile: Record<string, string> = {
  "quotes within quotes": filled(">"),
  "lists within lists": filled("1. "),
  "quotes and lists in turn": filled("> - "),
  "lists within lists by indentation": Array.from({ length: 440 }, (_, n) => `${" ".repeat(2 * n)}- a`).join("\n"),
  "emphasis that opens": filled("*a_"),
  "emphasis that opens, in lines": filled("*a_*a_*a_*a_*a_\n"),
  "emphasis within emphasis": `${filled("*", LENGTH / 2)}a${filled("*", LENGTH / 2)}`,
  "emphasis within emphasis, in lines": filled(`${"**_".repeat(9)}a${"_**".repeat(9)}\n`),
  "openings of every kind": filled("*_~[]"),
  brackets: filled("["),
  "brackets, in lines": filled("[a\n"),
  links: filled("[a](<b"),
  pictures: filled("![a]("),
  "code that does not end": Array.from({ length: 440 }, (_, n) => `${"`".repeat(n)} `).join(""),
  comments: filled("a <!-- "),
  "a quote that goes on": `> a\n${filled("b\n")}`,
  "a list that goes on": `${"- ".repeat(30)}a\n${filled("b\n")}`,
  headings: filled("a\n=\n\n"),
  "quotes one after another": filled("> a\n\n"),
  "a long table": `|a|b|\n|-|-|\n${filled("|a|b|\n")}`,
  "a wide table": `${filled("|a")}\n${filled("|-")}\n${filled("|a")}`,
  "tables one after another": filled("|a|\n|-|\n\n"),
  "brackets of formulas": filled("\\[ \\( "),
  formulas: filled("$$a$$ "),
  "quotes behind code": `\`\`\`\n${filled("a\n", LENGTH / 2)}\`\`\`\n${filled("> a\n\n")}`,
  "what looks like code": `<!--\n\`\`\`\n-->\n${filled("*a_*a_*a_*a_*a_\n")}`,
  "what looks like code, in a formula": `$$\n\`\`\`\n$$\n${filled("> a\n\n")}`,
  "points of a list": filled("- *a_*a_\n"),
  "lists within lists by indentation, again and again": filled(
    Array.from({ length: 31 }, (_, n) => `${" ".repeat(2 * n)}- a\n`).join(""),
  ),
};

describe("A11: Markdown that was made to take long", () => {
  it.each(Object.entries(hostile))("%s", (_, text) => {
    const { ms, result: read } = timed(() => parsed(text));
    expect(ms).toBeLessThan(MOST_MS);
    const end = read.source.length;
    expect(text.slice(0, end).replaceAll(/\\[[\]()]/g, "$$$$")).toBe(read.source.replaceAll(/\\[[\]()]/g, "$$$$"));
    expect(end === text.length || end === 0 || text[end - 1] === "\n", "the rest begins with a line").toBe(true);
    const { nodes, depth } = read.tree ? sizeOf(read.tree) : { nodes: 0, depth: 0 };
    expect(nodes).toBeLessThan(25_000);
    expect(depth).toBeLessThan(1000);
  });

  it("a long text made of all of it", () => {
    const text = Object.values(hostile)
      .map((one) => one.slice(0, 2000))
      .join("\n\n")
      .repeat(20);
    const { ms, result: read } = timed(() => parsed(text));
    expect(ms).toBeLessThan(MOST_MS);
    expect(read.source.length).toBeLessThan(text.length);
  });
});

describe("what people and models write is read whole", () => {
  const sentence =
    "The state of a conversation is *constant*, see `state.ts` and [the paper](https://example.com/a_b). ";
  it.each([
    ["a long answer", `${sentence.repeat(8)}\n\n`.repeat(40)],
    ["a table of 150 rows", `| a | b | c |\n|---|---|---|\n${"| **one** | `two` | 3.25 |\n".repeat(150)}`],
    ["a list of 300 points", "- **a point**: what is meant by it, with `code`\n".repeat(300)],
    ["lists of three levels", "1. first\n   - second\n     - third level of it\n".repeat(100)],
    [
      "code of 800 lines",
      `\`\`\`ts\n${"const value = table[index] ?? fallback(index, { deep: true });\n".repeat(800)}\`\`\``,
    ],
    ["formulas", "The sum $$\\sum_{i=1}^n x_i^2 = \\frac{a}{b}$$ is finite, and \\(a_1 < b\\) holds.\n\n".repeat(100)],
  ])("%s", (_, text) => {
    expect(readableEnd(text)).toBe(text.length);
  });
});

it("A11: a text that grows keeps what was read of it", () => {
  const text = hostile["quotes one after another"]!;
  const end = readableEnd(text);
  expect(end).toBeGreaterThan(1000);
  for (const more of [1, 2, 3, 50, 1000]) expect(readableEnd(text.slice(0, end + 4 + more))).toBe(end);
});

it("formulas in brackets get dollars of the same length, outside of code", () => {
  const cases = {
    "a \\[x\ny\\] b": "a $$x\ny$$ b",
    "a \\(x\\) b \\(y\\)": "a $$x$$ b $$y$$",
    "a \\(x\ny\\)": "a \\(x\ny\\)",
    "\\(x\n\\(y\\)": "\\(x\n$$y$$",
    "\\[x \\(y\\)": "\\[x $$y$$",
    "\\[\\]\\]": "$$\\]$$",
    "`\\(x\\)` \\(y\\)": "`\\(x\\)` $$y$$",
    "```\n\\[x\\]\n``` \\[y\\]": "```\n\\[x\\]\n``` $$y$$",
    "\\\\(x\\)": "\\$$x$$",
    "\\": "\\",
  };
  expect(Object.keys(cases).map(withDollars)).toEqual(Object.values(cases));
});

it("A11: code that was made to take long is not coloured, in one block or in many", () => {
  const blocks: [string, string][] = [
    ...[
      ["php", "A"],
      ["ini", "-"],
      ["c", "import a "],
      ["csharp", "select "],
      ["typescript", "a"],
      ["cpp", "a\n"],
    ].map(([language, part]): [string, string] => [language!, filled(part!, 20_000)]),
    ...Array.from({ length: 50 }, (): [string, string] => ["c", filled("a b c ", 2900)]),
  ];
  const beganMs = cpuMs();
  let left: number | undefined;
  let coloured = 0;
  for (const [language, code] of blocks) {
    const after = afterColouring(code, left);
    if (after < 0) continue;
    left = after;
    highlighted(code, language);
    coloured++;
  }
  expect(coloured).toBe(1);
  expect(cpuMs() - beganMs).toBeLessThan(MOST_MS);
  const usual = "export const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0); // of all\n";
  expect(afterColouring(usual.repeat(200))).toBeGreaterThan(0);
});

it("A11: a formula of braces within braces is no formula, and takes nothing down", () => {
  expect(mathML(`${"{".repeat(2000)}${"}".repeat(2000)}`, true) ?? "").not.toContain("<mi>");
  expect(mathML(`${"a^{".repeat(1000)}${"}".repeat(1000)}`, true)).toBeUndefined();
  expect(mathML("a^{b}", true)).toContain("<msup>");
});
