/**
 * Pieces of chat templates as Python's Jinja renders them, set up as transformers does.
 * Golden: fixtures/templates.json.
 */
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

/** What the library has not. */
const REFUSED = [
  "{% raw %}{{ x }}{% endraw %}",
  "{{ 1e3 }}",
  "{{ 'a' ~ 1 ~ true ~ none }}",
  "{{ [1, 2, 3] | sum }}",
  "{{ 'x' * 3 }}",
  "{{ '%s is %d' % ('a', 3) }}",
  "{{ (1, 2) }}",
  "{{ 'a' < 'b' }}",
  "{{ 'abc' | reverse }}",
  "{{ dict(a=1) }}",
  "{{ 'abc'.find('c') }}",
  "{{ 'aXbX'.count('X') }}",
  "{{ 'xxaxx' | trim('x') }}",
  "{{ 'a'.isdigit() }}",
  "{{ '12'.isdigit() }}",
];
/**
 * Where the library prints what Python prints otherwise: truths and nothing, lists, and a few
 * methods. docs/models.md names them.
 */
const OTHERWISE: Readonly<Record<string, string>> = {
  "{% for m in messages %}{% if loop.first %}{% continue %}{% endif %}{{ m.role }}{% break %}{% endfor %}": "",
  "{{ messages[2].content.split() }}": '["<think>", "hm", "</think>", "Yes."]',
  "{{ 'a b  c'.split(' ') }}": '["a", "b", "", "c"]',
  "{{ messages[1].content.startswith('xx') }}": "true",
  "{{ messages[1].content.endswith(('xx', 'y')) }}": "true",
  "{{ 'hELLO'.capitalize() }}": "HELLO",
  "{{ 'hELLO' | capitalize }}": "HELLO",
  "{{ messages | map(attribute='role') | list }}": '["system", "user", "assistant"]',
  "{{ -7 % 3 }}": "-1",
  "{{ not none }}": "true",
  "{{ x is defined }}": "false",
  "{{ messages is iterable }}": "true",
  "{{ messages[0] is mapping }}": "true",
  "{{ 'a' in 'abc' }}": "true",
  "{{ 'role' in messages[0] }}": "true",
  "{{ messages[0].name is defined }}": "false",
  "{{ none }}": "",
  "{{ true }}": "true",
  "{{ [true, none] }}": "[true, null]",
  "{{ {'a': none} }}": '{"a": null}',
  "{{ '😀' | length }}": "2",
  "{{ [['a', 1]] | list }}": '[["a", 1]]',
};

describe("a template renders as in Python", () => {
  it.each(golden.templates.map(({ template, text }) => [template, text] as const))("%j", (template, text) => {
    expect(render(template)).toBe(REFUSED.includes(template) ? "refused" : (OTHERWISE[template] ?? text));
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
