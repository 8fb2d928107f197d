/** Formats of values that are there, by examples that are written in the standards or break one of their rules. */
import { describe, expect, it } from "vitest";
import { fitsFormat } from "../../../src/constrain/check/format-checks.ts";

const cases: Record<string, { valid: string[]; invalid: string[] }> = {
  hostname: {
    valid: ["a", "example.com", "xn--bcher-kva.example", "XN--BCHER-KVA", "1-2.3", "a".repeat(63)],
    invalid: ["", ".", "a.", "-a", "a-", "ab--c", "bücher", "a_b", "xn--a", "xn--bcher-", "xn---9uc", "a".repeat(64)],
  },
  "idn-hostname": {
    valid: ["bücher.example", "例え。テスト", "l·l", "א׳ב", "क्‍ष", "بي‌بي", "straße", "пример.испытание"],
    invalid: [
      "Bücher", // capitals are another name
      "a·l",
      "α͵",
      "a・b",
      "ক‍ষ", // a joiner behind no virama
      "x‌y",
      "0a.א",
      "aא",
      "א0٠",
      "̀a",
      "ـa",
      "ü".repeat(60),
      `${"ü".repeat(20)}.`.repeat(12),
    ],
  },
  "uri-template": {
    valid: ["", "http://example.com/~{user}/{?q*,lang:2}", "{+a.b_c}", "{%41}", "a%41'é"],
    invalid: ["{}", "{a", "a}", "{a,}", "{a:0}", "{a:10000}", "{a..b}", "{ a}", "{a*b}", "a b", "%4", "<"],
  },
  iri: {
    valid: ["http://bücher.example/ä?ö#ü", "http://[V1.fe]/"],
    invalid: ["bücher", "http://[1::2::3]", "http://a b"],
  },
};

describe.each(Object.entries(cases))("%s", (format, { valid, invalid }) => {
  it.each(valid)("is %j", (text) => expect(fitsFormat(format, text)).toBe(true));
  it.each(invalid)("is not %j", (text) => expect(fitsFormat(format, text)).toBe(false));
});

it("a long text is judged by few steps", () => {
  for (const format of ["hostname", "idn-hostname", "email"])
    expect(fitsFormat(format, "ü.".repeat(50_000))).toBe(false);
  expect(fitsFormat("uri-template", "{a}".repeat(30_000))).toBe(true);
  expect(fitsFormat("uri-template", "{".repeat(90_000))).toBe(false);
});
