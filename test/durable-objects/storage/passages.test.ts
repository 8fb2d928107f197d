import { expect, it } from "vitest";
import { stem, termsOf, wordsOf } from "../../../durable-objects/storage/index-terms.ts";
import {
  PASSAGE_TOKENS,
  passagesOf,
  section,
  sectionsOf,
  sentencesOf,
  tokensAbout,
} from "../../../durable-objects/storage/passages.ts";
import { atOnce } from "../../../src/core/work.ts";

const said = (content: string, reply: string | null = null) => ({
  messages: [{ role: "user" as const, content }],
  reply,
});
const texts = (content: string) => [...passagesOf(said(content))].map(({ text }) => text);

it("folds case, diacritics and ß, and cuts words down to what their forms share", () => {
  expect(wordsOf("Ångström STRASSE Straße").map(({ text }) => text)).toEqual(["angstrom", "strasse", "strasse"]);
  for (const forms of [
    "lives living lived live",
    "cities city",
    "names name namen",
    "workers worker work",
    "arbeite arbeiten",
  ])
    expect(new Set(forms.split(" ").map(stem)).size, forms).toBe(1);
  for (const others of ["care car", "career care car", "name number", "hat hate"])
    expect(new Set(others.split(" ").map(stem)).size, others).toBe(others.split(" ").length);
});

it("takes letters and pairs of them where a script has no spaces between words", () => {
  expect(wordsOf("我的狗 iPhone手机").map(({ stem }) => stem)).toEqual([
    "我",
    "我的",
    "的",
    "的狗",
    "狗",
    "iphon",
    "手",
    "手机",
    "机",
  ]);
});

it("knows what people say of themselves in words that no question repeats", () => {
  for (const said of ["I'm Ada.", "I go by Ada.", "Hi, Ada here.", "Ada here."])
    expect(termsOf(said)).toContain("0name");
  for (const said of ["As a nurse I see much.", "I've been a nurse for years."])
    expect(termsOf(said)).toContain("0job");
  expect(termsOf("I am tired.")).not.toContain("0name");
  expect(termsOf("我叫李明")).toContain("0name");
  expect(termsOf("I turned 52 in March.")).toContain("0age");
});

it("ends a sentence at a Latin full stop that Chinese or Japanese follows without a space, and at no dot within a number or a name", () => {
  const sentences = (text: string) => [...sentencesOf(text)].map(({ text }) => text);
  expect(sentences("Meinen Kaffee trinke ich schwarz.我的律师叫沈佳。And so on.ありがとう")).toEqual([
    "Meinen Kaffee trinke ich schwarz.",
    "我的律师叫沈佳。",
    "And so on.",
    "ありがとう",
  ]);
  expect(sentences("跑了3.5公里。 See example.com now.")).toEqual(["跑了3.5公里。", "See example.com now."]);
});

it("cuts at ends of sentences and messages, and never longer than a passage may be", () => {
  expect(texts("One. Two!\nThree?")).toEqual(["One. Two! Three?"]);
  const long = Array.from({ length: 40 }, (_, i) => `Sentence number ${i} says a few words.`).join(" ");
  for (const text of texts(long)) expect(tokensAbout(text)).toBeLessThanOrEqual(PASSAGE_TOKENS);
  expect(texts(long).join(" ")).toBe(long);
  for (const text of texts("x".repeat(5000))) expect(tokensAbout(text)).toBeLessThanOrEqual(PASSAGE_TOKENS);
  expect([...passagesOf(said("What?", "That."))].map(({ role, text }) => [role, text])).toEqual([
    ["user", "What?"],
    ["assistant", "That."],
  ]);
  expect(texts("我的狗叫小白。它三岁了。")).toEqual(["我的狗叫小白。 它三岁了。"]);
  expect(texts("  \n\n ")).toEqual([]);
});

it("finds a section again without cutting what stands before it", () => {
  const turn = said(
    Array.from({ length: 900 }, (_, i) => `Sentence ${i} is here, with 数字 ${i * 7}.`).join(" "),
    "And an answer. ".repeat(300),
  );
  const sections = atOnce(sectionsOf(turn));
  expect(sections.length).toBeGreaterThan(10);
  sections.forEach((passages, i) => {
    expect(section(turn, passages[0]!.start, sections[i + 1]?.[0]?.start ?? Number.POSITIVE_INFINITY)).toEqual(
      passages,
    );
  });
});

it("says where a passage lies in its turn", () => {
  const [user, reply] = ["First things first. ".repeat(30), "Then the rest. ".repeat(30)];
  const whole = user + reply;
  for (const { text, start, toEnd } of passagesOf(said(user, reply)))
    expect(whole.slice(start, whole.length - toEnd)).toBe(text);
});

it("estimates tokens as this pattern does, for every character beside letters and alone", () => {
  const definition = (text: string): number => {
    let tokens = 0;
    for (const [run] of text.matchAll(/[A-Za-z]+|\d|[^\sA-Za-z\d]/gu)) {
      const code = run.codePointAt(0)!;
      if (/[A-Za-z]/.test(run)) tokens += Math.ceil(run.length / 5);
      else tokens += code < 0x80 ? 1 : code < 0x500 ? 0.7 : 1.6;
    }
    return tokens;
  };
  for (const text of ["", "a", "abcdef ghijk", "x1y22", "ab\ud83dcd", "\ude00", "1. Über 😀\u3000wörter"])
    expect(tokensAbout(text), JSON.stringify(text)).toBe(definition(text));
  const differ: number[] = [];
  for (let code = 0; code < 0x1_1000; code++) {
    const text = `letters${String.fromCodePoint(code)}and ${String.fromCodePoint(code)}`;
    if (tokensAbout(text) !== definition(text)) differ.push(code);
  }
  expect(differ).toEqual([]);
});
