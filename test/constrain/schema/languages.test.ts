/** Languages against their definitions: membership of many texts, inside and outside. */
import { describe, expect, it } from "vitest";
import { Grammar } from "../../../src/constrain/language/expr.ts";
import { schemaGrammar } from "../../../src/constrain/schema/schema-grammar.ts";
import { atOnce } from "../../../src/core/work.ts";
import { Random } from "../../../src/sampling/random.ts";

const language = (schema: object) => {
  const g = new Grammar();
  const { expr } = atOnce(schemaGrammar(g, schema as never, "schema", { strict: true }));
  return (text: string) => g.holds(expr, text);
};

describe("numbers", () => {
  const random = Random.fromSeed(11);
  const pick = <T>(...of: T[]): T => of[Math.floor(random.nextFloat() * of.length)]!;
  const value = () => Number(((random.nextFloat() - 0.5) * pick(4, 40, 4000)).toFixed(pick(0, 1, 3)));

  it("are exactly those within the bounds", () => {
    let inside = 0;
    for (let round = 0; round < 150; round++) {
      const [a, b] = [value(), value()];
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const schema = {
        type: "number",
        ...pick<object>({ minimum: low }, { exclusiveMinimum: low }, {}),
        ...pick<object>({ maximum: high }, { exclusiveMaximum: high }),
      } as { minimum?: number; exclusiveMinimum?: number; maximum?: number; exclusiveMaximum?: number };
      let holds: (text: string) => boolean;
      try {
        holds = language(schema);
      } catch {
        expect(low, JSON.stringify(schema)).toBe(high);
        continue;
      }
      for (let i = 0; i < 60; i++) {
        const x = pick(value(), low, high, Number((low + pick(-1, 1) * 0.0001).toFixed(6)));
        const {
          minimum: m = -Infinity,
          exclusiveMinimum: em = -Infinity,
          maximum: M = Infinity,
          exclusiveMaximum: eM = Infinity,
        } = schema;
        const fits = x >= m && x > em && x <= M && x < eM;
        if (fits) inside++;
        expect(holds(`${x === 0 ? 0 : x}`), `${x} ${JSON.stringify(schema)}`).toBe(fits);
        if (Number.isInteger(x)) expect(holds(`${x === 0 ? 0 : x}.0`), `${x}.0 ${JSON.stringify(schema)}`).toBe(fits);
      }
    }
    expect(inside).toBeGreaterThan(1000);
  });

  it.each([
    [{ type: "integer", minimum: -7, maximum: 123 }],
    [{ type: "integer", exclusiveMinimum: 9, exclusiveMaximum: 1000 }],
    [{ type: "integer", maximum: -8 }],
    [{ type: "integer", minimum: 0.5, maximum: 10.5 }],
    [{ type: "integer", multipleOf: 6, minimum: -50, maximum: 200 }],
    [{ type: "number", multipleOf: 4, maximum: 90 }],
  ])("%j has every whole number that fits, in one spelling", (schema) => {
    const holds = language(schema);
    const s: { [keyword: string]: unknown } & {
      minimum?: number;
      maximum?: number;
      exclusiveMinimum?: number;
      exclusiveMaximum?: number;
      multipleOf?: number;
    } = schema;
    for (let x = -1100; x <= 1100; x++) {
      const fits =
        x >= (s.minimum ?? -Infinity) &&
        x <= (s.maximum ?? Infinity) &&
        x > (s.exclusiveMinimum ?? -Infinity) &&
        x < (s.exclusiveMaximum ?? Infinity) &&
        x % (s.multipleOf ?? 1) === 0;
      expect(holds(`${x}`), `${x}`).toBe(fits);
      expect(holds(`0${x}`) || holds(`+${x}`) || holds("-0"), `0${x}`).toBe(false);
    }
  });

  it("of 32 bits stay in them, also inside of wider bounds", () => {
    const holds = language({ type: "integer", format: "int32", minimum: -5 });
    expect([holds("2147483647"), holds("2147483648"), holds("-6")]).toEqual([true, false, false]);
    const wide = language({ type: "integer", format: "int32", maximum: 1e12, exclusiveMinimum: -1e12 });
    expect([wide("2147483648"), wide("-2147483648"), wide("-2147483649")]).toEqual([false, true, false]);
  });

  it("with a multiple of 0.01 have two places at most", () => {
    const holds = language({ type: "number", multipleOf: 0.01, minimum: 0 });
    expect([holds("4.35"), holds("4"), holds("4.350"), holds("4.355"), holds("-1")]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("patterns", () => {
  const sources = [
    "^a+$",
    "a|bc",
    "^(?:ab|a)*b?$",
    "^[^a-c]$",
    "b$",
    "^a.c",
    "^(a|b){2,3}$",
    "^(^a|b$)$",
    "(?<x>a)\\d?\\w\\W",
    "^[\\d\\-é]+?$",
    "[\\u0061\\x62][\\u{63}-\\x64]",
    "^\\D\\S$",
    "^a{0}$",
    "",
    "^$",
    "^(?:a*)*$",
    "\\ud83d\\ude00",
    "^\\p{Lu}\\P{L}$",
    "^(?!a)(?=.*b)[a-c]+$",
    "^(?=ab|b$)(?!.*c)",
    "^(?!a|bc)|^ab",
    '["\\\\\\n]',
    "a(?!b)",
    "(?:^|-)a(?:$|b)",
    "a$|b(?=c|$)",
    "^(?:a(?=b)|b){2}",
    "(?:^a?)?b",
    "c?(^a)",
  ];
  const alphabet = [...'abc1-é"\\\n _B', "😀", "\u2028"];

  it.each(sources)("%j finds what RegExp finds", (source) => {
    const is = new RegExp(source, "u");
    const holds = language({ type: "string", pattern: source });
    const random = Random.fromSeed(5);
    let matches = 0;
    for (let i = 0; i < 3000; i++) {
      const length = Math.floor(random.nextFloat() * 5);
      const text = Array.from({ length }, () => alphabet[Math.floor(random.nextFloat() * alphabet.length)]).join("");
      if (is.test(text)) matches++;
      expect(holds(JSON.stringify(text)), JSON.stringify(text)).toBe(is.test(text));
    }
    expect(matches).toBeGreaterThan(0);
  });

  it("as zod writes them for addresses, beside their format", () => {
    const email =
      "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$";
    const holds = language({ type: "string", format: "email", pattern: email });
    expect(
      [".a@b.co", "a..b@c.de", "a@b", "a.b@c.de", "a+1@b-c.d.com"].map((text) => holds(JSON.stringify(text))),
    ).toEqual([false, false, false, true, true]);
  });

  it("keep to lengths in characters", () => {
    const holds = language({ type: "string", pattern: "^[^x]*$", minLength: 2, maxLength: 3 });
    for (const text of ["a", "😀", "ax", "abcd", "😀😀😀😀"]) expect(holds(JSON.stringify(text)), text).toBe(false);
    for (const text of ["ab", "😀é", '\n"\\']) expect(holds(JSON.stringify(text)), text).toBe(true);
  });
});

describe("strings", () => {
  const holds = language({ type: "string" });
  it.each(["", "\\u00e9", "\\\\", "\\/", "é", "漢", "😀", "\\uD7FF", "\u007f"])("hold %j", (inner) => {
    expect(holds(`"${inner}"`)).toBe(true);
  });
  it.each(["\n", "\\", '"', "\\u12", "\\ud800", "\\x41", "\\uDE00"])("do not hold %j", (inner) => {
    expect(holds(`"${inner}"`)).toBe(false);
  });
  it("hold no bytes that are not UTF-8", () => {
    const g = new Grammar();
    const { expr } = atOnce(schemaGrammar(g, { type: "string" }, "schema"));
    for (const bytes of [[0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe0, 0x80, 0x80], [0xf5], [0xff]]) {
      const end = [0x22, ...bytes, 0x22].reduce((at, byte) => g.after(at, byte), expr);
      expect(end.kind, `${bytes}`).toBe("never");
    }
  });
});

it("white space comes as a space, or as a new line with an indent, and never without end", () => {
  const holds = language({
    type: "object",
    properties: { a: { type: "array", items: { type: "integer" } } },
    required: ["a"],
  });
  for (const text of ['{"a":[]}', '{ "a": [1, 2] }', '{\n  "a": [\n    1,\n    2\n  ]\n}', '{"a":[1,2]}']) {
    expect(holds(text), text).toBe(true);
  }
  for (const text of [
    ' {"a":[]}',
    '{"a":[]} ',
    '{"a":  []}',
    '{\n\n"a":[]}',
    `{\n${" ".repeat(21)}"a":[]}`,
    '{"a" :[]}',
  ]) {
    expect(holds(text), text).toBe(false);
  }
});

const valued = (schema: object) => {
  const holds = language(schema);
  return (value: unknown) => holds(JSON.stringify(value));
};

describe("a format beside a length", () => {
  const within = (more: object) => valued({ type: "string", ...more });

  it("is held to where the format alone is not", () => {
    const uri = within({ format: "uri", minLength: 12, maxLength: 14 });
    expect(uri("https://a.bc")).toBe(true);
    expect(uri("https://a.bcde")).toBe(true);
    expect(uri("https://a.b")).toBe(false);
    expect(uri("https://a.bcdef")).toBe(false);
  });

  it("costs little, and nothing where no text of the format is longer", () => {
    const spent = (schema: object) => {
      const grammar = new Grammar();
      atOnce(schemaGrammar(grammar, schema as never, "schema"));
      return grammar.budget.spent;
    };
    const alone = spent({ type: "string", format: "email" });
    expect(spent({ type: "string", format: "email", minLength: 3, maxLength: 254 })).toBeLessThan(2 * alone);
    expect(spent({ type: "string", format: "email", maxLength: 60 })).toBeLessThan(4 * alone);
  });
});

it("leap days are dates, in leap years", () => {
  const holds = valued({ type: "string", format: "date" });
  for (const year of ["1904", "1996", "2000", "2024", "2400"]) expect(holds(`${year}-02-29`), year).toBe(true);
  for (const year of ["1900", "1999", "2023", "2100"]) expect(holds(`${year}-02-29`), year).toBe(false);
});

it.each([
  [
    "ipv6",
    ["::", "::1", "d6::", "1::d6", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["1::2::3", "1:2:3:4:5:6:7", ":1", "1:2:3:4:5:6:7:8::"],
  ],
  [
    "uri",
    ["urn:isbn:0451450523", "mailto:a@b.org", "ftp://a.b/c", "file:///etc/x", "https://a.b:80/c?d=/e#f/?"],
    ["a.b", "//a.b", "https://", "urn:", "https://a b"],
  ],
])("%s in all its usual forms", (format, valid, invalid) => {
  const holds = valued({ type: "string", format });
  for (const text of valid) expect(holds(text), text).toBe(true);
  for (const text of invalid) expect(holds(text), text).toBe(false);
});

it("a hundred patterns of letters with a length are counted, and no table is made of them (fault 4)", () => {
  const properties = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [
      `p${i}`,
      { type: "string", pattern: `^[a-z0-9${i}_-]+$`, maxLength: 300 - i },
    ]),
  );
  const grammar = new Grammar();
  const { expr } = atOnce(schemaGrammar(grammar, { type: "object", properties }, "schema"));
  expect(grammar.budget.spent).toBeLessThan(100_000);
  expect(grammar.holds(expr, `{"p0":"${"a".repeat(300)}"}`)).toBe(true);
  expect(grammar.holds(expr, `{"p0":"${"a".repeat(301)}"}`)).toBe(false);
  expect(grammar.holds(expr, '{"p0":""}')).toBe(false);
});

describe("a pattern beside a length", () => {
  it.each([
    ["^(abc)*$", 4, 11],
    ["^(abc)*$", 4, 5],
    ["^a*(bb)+$", 3, 6],
    ["^(a|bbb|ccccc)$", 2, 4],
    ["a.b", 0, 4],
    ["^\\n?n?.?$", 2, 3],
    ["^(?=.*a)(?!.*bb)[abc]*$", 2, 5],
    ["^(\\n|n)*$", 1, 3],
  ])("%j of %i to %i characters", (pattern, minLength, maxLength) => {
    const texts = [""];
    for (let at = 0; at < texts.length; at++)
      if ([...texts[at]!].length < 7)
        for (const letter of pattern.includes("n") ? "n\n😀" : "abc") texts.push(texts[at]! + letter);
    const length = (text: string) => [...text].length;
    const fits = (text: string) =>
      new RegExp(pattern, "u").test(text) && length(text) >= minLength && length(text) <= maxLength;
    const expected = texts.filter(fits);
    const schema = { type: "string", pattern, minLength, maxLength };
    if (expected.length === 0) {
      expect(() => language(schema)).toThrow("no value fits");
      return;
    }
    const holds = valued(schema);
    expect(texts.filter((text) => holds(text))).toEqual(expected);
  });

  it.each<[what: string, pattern: (i: number) => string, example: (i: number) => string]>([
    ["parts", (i) => `^[a-z]+-[0-9]+-x${i}$`, (i) => `ab-12-x${i}`],
    ["words with dashes", (i) => `^p${i}-[a-z0-9]+(?:-[a-z0-9]+)*$`, (i) => `p${i}-a-b`],
    ["versions", (i) => `^v${i}\\.\\d+\\.\\d+(-[0-9A-Za-z.-]+)?$`, (i) => `v${i}.0.12-rc.1`],
    ["what stands anywhere", (i) => `x${i}`, (i) => `äx${i}`],
    ["addresses", (i) => `^https?://[a-z0-9.-]+\\.h${i}\\.com(/[A-Za-z0-9_.-]*)*$`, (i) => `https://a.h${i}.com/b/c`],
    ["anything but", (i) => `^[^@\\s]+@[^@\\s]+\\.c${i}$`, (i) => `a@b.c${i}`],
  ])("a hundred different patterns of %s take few steps, and each is held to (fault 4)", (_, pattern, example) => {
    const properties = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`p${i}`, { type: "string", pattern: pattern(i), maxLength: 300 }]),
    );
    const grammar = new Grammar();
    const { expr } = atOnce(schemaGrammar(grammar, { type: "object", properties }, "schema"));
    expect(grammar.budget.spent).toBeLessThan(600_000);
    grammar.beginReading();
    for (const i of [0, 57, 99]) {
      const of = (text: string) => grammar.holds(expr, JSON.stringify({ [`p${i}`]: text }));
      expect([of(example(i)), of(`${example(i)}\t`), of(example(i).repeat(300))]).toEqual([
        true,
        pattern(i) === `x${i}`,
        false,
      ]);
    }
  });

  it("may be of any length", () => {
    const holds = valued({ type: "string", pattern: "^[a-z]+=+$", minLength: 3, maxLength: 1_000_000 });
    expect([holds("a=="), holds("a="), holds(`${"a".repeat(5000)}=`)]).toEqual([true, false, true]);
  });
});

describe("objects", () => {
  it("are open where all that a schema names may not be there", () => {
    const holds = valued({ type: "object", properties: { foo: false } });
    expect(holds({ bar: 1 })).toBe(true);
    expect(holds({ foo: 1 })).toBe(false);
    expect(valued({ type: "object", properties: { foo: false, bar: {} } })({ baz: 1 })).toBe(false);
  });

  it("have names that several patterns fit", () => {
    const patternProperties = { "^a": { type: "integer" }, b$: { maximum: 5 } };
    const holds = valued({ type: "object", patternProperties });
    expect(holds({ ab: 5 })).toBe(true);
    expect(holds({ ab: 6 })).toBe(false);
    expect(holds({ ab: 1.5 })).toBe(false);
    expect(holds({ a: 7, xb: 2.5 })).toBe(true);
  });
});
