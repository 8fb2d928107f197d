import { describe, expect, it } from "vitest";
import { parseJson } from "../../src/core/strict-json.ts";
import { cpuMs } from "../support/cpu-time.ts";
import { failureOf } from "../weights/failing.ts";
import { encode } from "../weights/sample-pack.ts";

const limits = { where: "x.json", maxBytes: 1 << 20 };
const parse = (text: string, more: object = {}) => parseJson(encode(text), { ...limits, ...more });
const refusal = (bytes: Uint8Array) => failureOf(() => parseJson(bytes, limits));

describe("parseJson", () => {
  it("reads what JSON.parse reads", () => {
    const value = {
      "": [1, -0.5, 1e-7, 123456789012, true, false, null, [], {}],
      text: 'quote " backslash \\ newline \n é \u2028 \ud83d\ude00 \\',
      nested: { a: { b: [{ c: "\\\\" }] } },
    };
    for (const indent of [undefined, 1, "\t"]) {
      const text = JSON.stringify(value, null, indent);
      expect(parse(` ${text}\r\n`)).toEqual(value);
    }
    expect(parse('"\\u00e9\\/\\b"')).toBe("é/\b");
  });

  it.each([
    ["a key given twice", '{"a":1,"a":1}', 'key "a" is given twice'],
    ["a key given twice in two spellings", '{"a":1,"\\u0061":2}', "given twice"],
    ["__proto__", '{"__proto__":{"x":1}}', '"__proto__" is not allowed'],
    ["__proto__ in another spelling", '{"a":{"__pro\\u0074o__":1}}', '"__proto__" is not allowed'],
    ["a number beyond f64", '{"a":1e400}', "out of range"],
    ["text after the end", "{} {}", "expected the end"],
    ["nothing", "", "expected a value"],
    ["a trailing comma", "[1,]", "expected a value"],
    ["a comment", "{} // x", "expected the end"],
    ["a string without an end", '{"a', "no end"],
    ["a string that ends in a backslash", '"\\"', "no end"],
    ["a control character in a string", '"\u0001"', "not a string"],
    ["an unknown escape", '"\\x41"', "not a string"],
    ["a missing colon", '{"a" 1}', 'expected ":"'],
    ["a leading zero", "[01]", 'expected "," or "]"'],
    ["a bare NaN", '{"a":NaN}', "expected a value"],
  ])("refuses %s", (_, text, message) => {
    const failure = refusal(encode(text));
    expect(failure.code).toBe("weights_invalid");
    expect(failure.message).toContain("x.json");
    expect(failure.message).toContain(message);
  });

  it("refuses deep nesting without recursing into it (M4)", () => {
    const deep = 100_000;
    expect(refusal(encode("[".repeat(deep) + "]".repeat(deep))).message).toContain("nested deeper than 64");
    expect(refusal(encode('{"a":'.repeat(deep))).message).toContain("nested deeper than 64");
    expect(parse("[".repeat(64) + "]".repeat(64))).toBeTruthy();
  });

  it("refuses bytes over the cap and invalid UTF-8 (M4)", () => {
    expect(failureOf(() => parse('"12345"', { maxBytes: 6 })).message).toBe("x.json: expected at most 6 bytes, got 7");
    expect(parse('"1234"', { maxBytes: 6 })).toBe("1234");
    expect(refusal(Uint8Array.of(0x22, 0xff, 0x22)).message).toContain("not valid UTF-8");
  });

  it("refuses an object of too many names (H5)", () => {
    const named = (count: number) => `{"a":{${Array.from({ length: count }, (_, i) => `"${i}":0`).join()}}}`;
    expect(Object.keys((parse(named(9), { maxNames: 9 }) as { a: object }).a)).toHaveLength(9);
    expect(failureOf(() => parse(named(12), { maxNames: 9 })).message).toBe(
      "x.json: a: expected at most 9 names in an object, got 12",
    );
  });

  it.each([
    ["names", '{"b":[],"a":[0,{"c":{"x":1,"y":2,"z":3}}]}', "a[1].c", "expected at most 2 names in an object, got 3"],
    ["names at the top", '{"x":1,"y":2,"z":3}', null, "expected at most 2 names in an object, got 3"],
    ["depth", '{"a":[[0],[[[0]]]]}', "a[1][0][0]", "nested deeper than 4"],
    ["a number", '{"a":{"b":1e400}}', "a.b", "number 1e400 is out of range"],
  ])("names a caller's field that is beyond the limit of %s", (_, text, field, message) => {
    const caller = { where: "body", code: "request_invalid", maxDepth: 4, maxNames: 2 };
    expect(failureOf(() => parse(text, caller))).toMatchObject({
      code: "request_invalid",
      param: field,
      message: `${field ?? "body"}: ${message}`,
    });
  });

  it("takes time that is linear in a long string of escapes", () => {
    const text = "\\".repeat(400_000);
    const started = cpuMs();
    expect(parse(JSON.stringify([text, text]), { maxBytes: 1 << 24 })).toEqual([text, text]);
    expect(cpuMs() - started).toBeLessThan(1000);
  });

  it("reads Python's Infinity and NaN only where that is asked for", () => {
    const read = parse('{"a":[Infinity,-Infinity,NaN]}', { nonFinite: true });
    expect(read).toEqual({ a: [{ __float__: "Infinity" }, { __float__: "-Infinity" }, { __float__: "NaN" }] });
  });
});
