/**
 * Masks are found in several ways, each for what it is fastest at: all of them give what reading
 * every token byte by byte gives.
 */
import { describe, expect, it } from "vitest";
import { type Expr, Grammar } from "../../../src/constrain/language/expr.ts";
import { replyGrammar } from "../../../src/constrain/reply/reply-grammar.ts";
import { schemaGrammar } from "../../../src/constrain/schema/schema-grammar.ts";
import { TokenConstraint } from "../../../src/constrain/tokens/token-constraint.ts";
import { TokenTrie } from "../../../src/constrain/tokens/token-trie.ts";
import { atOnce } from "../../../src/core/work.ts";
import { codec, EOS } from "../model.ts";

const trie = new TokenTrie(codec);

/**
 * Tokens in the order of their bytes, in which those that begin alike are neighbours: `shared` is how many bytes a
 * token has in common with the one before it.
 */
const inOrder = Array.from({ length: codec.vocab }, (_, id) => ({ id, bytes: codec.tokenBytes(id) }))
  .filter(({ bytes }) => bytes.length > 0)
  .toSorted((a, b) => Buffer.compare(a.bytes, b.bytes))
  .map((token, n, all) => {
    const before = all[n - 1]?.bytes ?? [];
    const differs = token.bytes.findIndex((byte, i) => byte !== before[i]);
    return { ...token, shared: differs < 0 ? token.bytes.length : differs };
  });

/**
 * 1 for each token that `at` can begin with, read byte by byte; what a token has in common with
 * the one before it is read once.
 */
function readOneByOne(grammar: Grammar, at: Expr): Uint8Array {
  const fits = new Uint8Array(codec.vocab);
  /** What may follow after so many bytes of the last token, as far as it was read. */
  const after = [at];
  for (const { id, bytes, shared } of inOrder) {
    let i = Math.min(shared, after.length - 1);
    after.length = i + 1;
    for (; i < bytes.length && after[i]!.kind !== "never"; i++) {
      grammar.beginReading();
      after.push(grammar.after(after[i]!, bytes[i]!));
    }
    if (after[i]!.kind !== "never") fits[id] = 1;
  }
  return fits;
}

/** Ids of which the mask says something else than reading does. */
function differing(grammar: Grammar, at: Expr, expected = readOneByOne(grammar, at)): number[] {
  const mask = atOnce(trie.allowed(grammar, at));
  const ids: number[] = [];
  for (let id = 0; id < codec.vocab; id++) if (((mask[id >> 5]! >>> (id & 31)) & 1) !== expected[id]) ids.push(id);
  return ids;
}

function behind(grammar: Grammar, root: Expr, text: string): Expr {
  let at = root;
  for (const byte of new TextEncoder().encode(text)) at = grammar.after(at, byte);
  expect(at.kind, text).not.toBe("never");
  return at;
}

const text = (more: object) => ({ type: "object", properties: { a: { type: "string", ...more } }, required: ["a"] });
const named = { a: { type: "integer" }, about: { type: "string" } };

describe("a mask is what reading each token gives", () => {
  it.each<[what: string, schema: object, places: string[]]>([
    ["any value", {}, ["", '"', '"é', '{"', '{"a":', "[1", "-0", '"\\']],
    [
      "a short text",
      text({ minLength: 2, maxLength: 9 }),
      ['{"a": "', '{"a": "x', '{"a": "abc', '{"a": "abcdefgh', '{"a": "abcdefghi'],
    ],
    ["a long text", text({ maxLength: 4000 }), ['{"a": "', '{"a": "漢', '{"a": "\\u00']],
    ["a long text that may not end yet", text({ minLength: 30 }), ['{"a": "abc']],
    ["any text by a pattern", text({ pattern: "^[^/]*$", maxLength: 3000 }), ['{"a": "', '{"a": "xy']],
    ["letters", text({ pattern: "^\\p{L}+$" }), ['{"a": "', '{"a": "é']],
    ["a few letters", text({ pattern: "^[a-z]{2,6}x?$" }), ['{"a": "', '{"a": "a', '{"a": "abcdef']],
    [
      "parts of a text that is counted",
      text({ pattern: "^[a-z]+(-[a-z]+)*$", minLength: 4, maxLength: 10 }),
      ['{"a": "', '{"a": "ab', '{"a": "ab-cd', '{"a": "abcdefgh', '{"a": "abcdefghi', '{"a": "abcdefghij'],
    ],
    [
      "a counted text whose end is far, and then near",
      text({ pattern: "^[^x]*-[0-9]+$", maxLength: 400 }),
      ['{"a": "', '{"a": "ab', `{"a": "${"a".repeat(395)}`, `{"a": "${"é".repeat(397)}`, `{"a": "${"a".repeat(398)}-`],
    ],
    [
      "a counted text of escapes and long characters",
      text({ pattern: "^.*\n.*$", maxLength: 6 }),
      [
        '{"a": "',
        '{"a": "漢',
        '{"a": "\\',
        '{"a": "\\n',
        '{"a": "😀é\\n',
        '{"a": "abcde',
        '{"a": "\\u00',
        '{"a": "abcd\\nx',
      ],
    ],
    [
      "lengths of threes",
      text({ pattern: "^(abc)*$", minLength: 4, maxLength: 11 }),
      ['{"a": "', '{"a": "abcab', '{"a": "abcabc'],
    ],
    ["two kinds of text", { anyOf: [text({ maxLength: 12 }), text({ pattern: "b$" })] }, ['{"a": "', '{"a": "xb']],
    ["a text or a number", { type: ["string", "integer", "null"] }, ["", '"', "1"]],
    ["other names", { type: "object", properties: named, additionalProperties: true }, ["{", '{"', '{"ab', '{"abz']],
    ["constants", { enum: ["abc", "abd", 12, { k: ["x"] }] }, ["", '"a', "1", '{"k']],
    [
      "items",
      { type: "array", items: { type: "string", maxLength: 3 }, maxItems: 2 },
      ["[", '["ab', '["abc', '["a"', '["a","b"'],
    ],
    ["a date", { type: "string", format: "date-time" }, ['"', '"2024-02-2']],
    ["an address", { type: "string", format: "uri" }, ['"', '"https://exa', '"https://example.org/a']],
    ["any number", { type: "array", items: { type: "number" } }, ["[", "[1", "[-", "[1.5", "[1e", "[1,", "[1,\n  "]],
    ["any integer", { properties: { a: { type: "integer" }, b: {} } }, ['{"a":', '{"a": 12', '{"a": 1,', "{\n    "]],
    [
      "many names that may be left out",
      { properties: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`name${i}`, { type: "integer" }])) },
      ["{", '{"name1":1', '{"name1":1,', '{"name1":1,\n '],
    ],
  ])("%s", (_, schema, places) => {
    const grammar = new Grammar();
    const { expr } = atOnce(schemaGrammar(grammar, schema as never, "schema"));
    grammar.finish();
    for (const place of places) {
      const at = behind(grammar, expr, place);
      const expected = readOneByOne(grammar, at);
      expect(expected.includes(1), place).toBe(true);
      expect(differing(grammar, at, expected), place).toEqual([]);
    }
  });

  it("in text before a call", () => {
    const grammar = new Grammar();
    const tools = [{ name: "f", parameters: text({ maxLength: 20 }) }];
    const { expr } = atOnce(replyGrammar(grammar, { tools }))!;
    grammar.finish();
    for (const place of ["", "So <tool", '<tool_call>\n{"name": "f", "arguments": {"a": "', "\xff"]) {
      const at = behind(grammar, expr, place);
      expect(differing(grammar, at), place).toEqual([]);
    }
  });

  it("where a character may be the beginning of another, or what follows begins like one", () => {
    const grammar = new Grammar();
    const any = grammar.range(0x20, 0x7e);
    const unclear = grammar.alt(any, grammar.seq(any, grammar.literal("é")));
    for (const expr of [
      grammar.seq(grammar.repeat(unclear, 0, 5), grammar.literal("\n")),
      grammar.seq(grammar.repeat(any, 1, 5), grammar.literal("ab\n")),
      grammar.seq(grammar.repeat(any), grammar.alt(grammar.literal("\n"), grammar.repeat(grammar.literal("\t\n"), 1))),
      grammar.repeat(grammar.seq(any, grammar.range(0x61, 0x6a)), 2, 3),
    ]) {
      expect(differing(grammar, expr)).toEqual([]);
    }
  });
});

it("is right again where the same format is followed by something else", () => {
  const date = { type: "string", format: "date" };
  for (const schema of [
    date,
    { type: "array", items: date },
    { properties: { a: date }, required: ["a"] },
    { type: "array", items: { enum: [1, 12] } },
    { type: "array", items: { type: "integer" } },
    { type: "integer" },
  ]) {
    const grammar = new Grammar();
    const { expr } = atOnce(schemaGrammar(grammar, schema as never, "schema"));
    grammar.finish();
    const begins = "items" in schema ? "[" : "properties" in schema ? '{"a": ' : "";
    for (const text of ["", '"', '"2024', '"2024-01-01', '"2024-01-01"', "1", "12"]) {
      let at = expr;
      for (const byte of new TextEncoder().encode(begins + text)) at = grammar.after(at, byte);
      if (at.kind === "never") continue;
      expect(differing(grammar, at), begins + text).toEqual([]);
    }
  }
});

it("is refused where too much may follow, with the field of the schema", () => {
  const grammar = new Grammar();
  // How often each byte came, and where, matters: what follows is another expression after nearly every text.
  const any = grammar.range(0, 255);
  const alternatives = Array.from({ length: 200 }, (_, i) =>
    grammar.seq(grammar.repeat(any), grammar.range(i, i), grammar.repeat(any, 14, 14), grammar.literal(`${i}`)),
  );
  const expr = grammar.union(alternatives);
  grammar.finish();
  const language = { expr, schemas: [{ path: "the.schema", schema: true, leftOut: [] }] };
  const constraint = new TokenConstraint(grammar, language, codec, trie, [EOS]);
  expect(() => constraint.mask()).toThrow(
    expect.objectContaining({
      code: "schema_too_complex",
      param: "the.schema",
      message: expect.stringMatching(/^the.schema: /),
    }),
  );
});
