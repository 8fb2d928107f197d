/** Pieces of chat templates as Python's Jinja renders them, set up as transformers does. Golden: fixtures/templates.json. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ChatTemplate } from "../../src/tokenizer/chat-template.ts";
import { strftime, strip } from "../../src/tokenizer/python-text.ts";

interface Golden {
  messages: object[];
  templates: { template: string; text: string }[];
  dates: { ms: number; code: string; text: string }[];
}
const golden = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures/templates.json"), "utf8")) as Golden;

const render = (template: string): string => {
  try {
    return new ChatTemplate(template).render(golden.messages, true, { bos_token: "<s>" });
  } catch (thrown) {
    // What the library has not is refused, and never left out.
    expect(thrown).toMatchObject({ code: "weights_invalid", message: expect.stringMatching(/^chat template: /) });
    return "refused";
  }
};

/** Where the library prints what Python prints otherwise: truths and nothing, lists, and a few methods. docs/models.md names them. */
const isOtherwise = (template: string, text: string): boolean =>
  /^(True|False|None|[[{(].*[\])}])$/s.test(text) || /capitalize|% break|-7 %|'😀'/.test(template);

describe("a template renders as in Python", () => {
  it.each(golden.templates.map(({ template, text }) => [template, text] as const))("%j", (template, text) => {
    const found = render(template);
    if (found !== "refused" && !isOtherwise(template, text)) expect(found).toBe(text);
  });

  it("but for few, most of which are refused", () => {
    const others = golden.templates.filter(({ template, text }) => render(template) !== text);
    const refused = others.filter(({ template }) => render(template) === "refused");
    expect(others.length).toBeLessThan(golden.templates.length / 3);
    expect(refused.map(({ template }) => template)).toContain("{% raw %}{{ x }}{% endraw %}");
    // Layout, and what is cut from a text's ends, is right in all.
    expect(others.filter(({ template }) => /strip/.test(template))).toEqual([]);
  });

  it("with tags that never end refused", () => {
    for (const template of ["{% if true", "{{ 'a", "{# note", "{%", "{{ {'a': 1}"])
      expect(render(template)).toBe("refused");
  });
});

describe("dates", () => {
  it.each([...new Set(golden.dates.map(({ code }) => code))])("%%%s is Python's", (code) => {
    const all = golden.dates.filter((date) => date.code === code);
    expect(all.map(({ ms }) => strftime(new Date(ms), `[%${code}]`))).toEqual(all.map(({ text }) => text));
  });

  it("are composed", () => {
    const date = new Date(Date.UTC(2024, 1, 29, 13, 5));
    expect(strftime(date, "Today is %A, %-d %B %Y, %I:%M %p (day %j). 100%")).toBe(
      "Today is Thursday, 29 February 2024, 01:05 PM (day 060). 100%",
    );
  });
});

it("strip takes characters off, whole code points, and not more than there are", () => {
  expect(strip("😀a😀", "strip", "😀")).toBe("a");
  expect(strip("\ud83da", "strip", "😀")).toBe("\ud83da");
  expect(strip("xxx", "strip", "x")).toBe("");
  expect(strip(" \u3000a\ufeff", "strip", undefined)).toBe("a\ufeff");
});
