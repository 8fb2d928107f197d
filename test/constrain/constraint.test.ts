import { describe, expect, it } from "vitest";
import type { Constraint } from "../../src/constrain/constraint.ts";
import { constraintFor } from "../../src/constrain/constraint-for.ts";
import { Grammar } from "../../src/constrain/language/expr.ts";
import { schemaGrammar } from "../../src/constrain/schema/schema-grammar.ts";
import { TokenTrie } from "../../src/constrain/tokens/token-trie.ts";
import { atOnce, inSlices } from "../../src/core/work.ts";
import { greedy } from "../../src/sampling/sampling.ts";
import { codec, EOS, random, schemaShape, write } from "./model.ts";

const person = schemaShape({
  type: "object",
  properties: { name: { type: "string", maxLength: 40 }, tags: { type: "array", items: { enum: ["a", "b"] } } },
  required: ["name", "tags"],
  additionalProperties: false,
});
const allows = (mask: Uint32Array, id: number) => ((mask[id >> 5]! >>> (id & 31)) & 1) === 1;
const feed = (constraint: Constraint, text: string) => {
  for (const id of codec.encodeText(text)) constraint.accept(id);
};
const open = async (shape: Parameters<typeof constraintFor>[0]) => (await constraintFor(shape, codec, [EOS]))!;

describe("mask", () => {
  it("allows exactly the tokens whose bytes may follow", async () => {
    const constraint = await open(schemaShape({ type: "array", items: { enum: [12, 123, "x"] }, maxItems: 2 }));
    feed(constraint, "[12");
    const mask = constraint.mask();
    const continuations = ["3", "3,", "3]", ",", ", ", ",\n", "]", "\n", " ", " ]", "\n]"];
    const may = (text: string) =>
      continuations.includes(text) ||
      /^3?(, ?|,\n *)(1(2(3?[\n ]?\]?)?)?|"(x("( ?\]?)?)?)?)?$/.test(text) ||
      /^3?( |\n {0,20})\]?$/.test(text) ||
      /^3?\]$/.test(text);
    let allowed = 0;
    for (let id = 0; id < codec.vocab; id++) {
      const text = codec.decode([id]);
      const is = allows(mask, id);
      if (is) allowed++;
      expect(is, JSON.stringify(text)).toBe(text !== "" && may(text));
    }
    expect(allowed).toBeGreaterThan(20);
  });

  it("lets a turn end only where the grammar is complete, and never allows another control token", async () => {
    const constraint = await open(schemaShape({ type: "integer", minimum: 1, maximum: 120 }));
    expect(allows(constraint.mask(), EOS)).toBe(false);
    feed(constraint, "1");
    expect(allows(constraint.mask(), EOS)).toBe(true);
    expect(constraint.done).toBe(false);
    feed(constraint, "12");
    // 112 is whole, and nothing can follow.
    expect(constraint.done).toBe(true);
    for (const id of codec.control)
      if (id !== EOS) expect(allows((await open({ format: { type: "json_object" } })).mask(), id)).toBe(false);
  });

  it("refuses a token that it does not allow", async () => {
    const constraint = await open(person);
    for (const id of [EOS, codec.encodeText("[")[0]!, [...codec.control].find((id) => id !== EOS)!]) {
      expect(() => constraint.accept(id), `${id}`).toThrow(expect.objectContaining({ code: "bug" }));
    }
    feed(constraint, '{"name": "a');
  });

  it("costs what stands at one place, and not a step for every constant", async () => {
    const words = Array.from({ length: 5000 }, (_, i) => `${(i * 7919) % 100_003} and more`);
    const grammar = new Grammar();
    const { expr } = atOnce(schemaGrammar(grammar, { enum: words }, "schema"));
    grammar.finish();
    const trie = new TokenTrie(codec);
    const mask = atOnce(trie.allowed(grammar, grammar.after(expr, '"'.charCodeAt(0))));
    expect(mask.some((word) => word !== 0)).toBe(true);
    expect(grammar.budget.spent).toBeLessThan(60_000);
  });

  it("is made with pauses, and is refused where too much may follow", async () => {
    // All alternatives are possible still, wherever the text stands.
    const branch = (i: number) => ({
      type: "object",
      required: ["a"],
      properties: { a: { type: "string", pattern: `^(.*[${"bcdefghij"[i % 9]}${i % 10}])?.{${i % 5}}${i}$` } },
    });
    const prepared = async (count: number) => {
      const constraint = await open(schemaShape({ anyOf: Array.from({ length: count }, (_, i) => branch(i)) }));
      feed(constraint, '{"a": "x');
      let pauses = 0;
      await inSlices(constraint.prepare(), async () => void pauses++);
      return pauses;
    };
    expect(await prepared(40)).toBeGreaterThan(5);
    await expect(prepared(200)).rejects.toMatchObject({
      code: "schema_too_complex",
      param: expect.stringMatching(/^response_format\.json_schema\.schema/),
    });
  });

  it("is the same after a replay of the ids", async () => {
    const { ids } = await write(person, random(3));
    const [first, again] = [await open(person), await open(person)];
    for (const [i, id] of ids.entries()) {
      const replayed = await open(person);
      for (const earlier of ids.slice(0, i)) replayed.accept(earlier);
      expect(replayed.mask()).toEqual(first.mask());
      if (i > 20 && i < ids.length - 5) break;
      first.accept(id);
      again.accept(id);
    }
    const whole = await open(person);
    for (const id of ids) whole.accept(id);
    expect(whole.done).toBe(true);
  });
});

describe("a reply", () => {
  it("ends with stop when nothing can follow, without an end of turn", async () => {
    const { text, ids, reason } = await write(person, random(1));
    expect(reason).toBe("stop");
    expect(ids.at(-1)).not.toBe(EOS);
    expect(Object.keys(JSON.parse(text))).toEqual(["name", "tags"]);
  });

  it("that is taken up again goes on to the same tokens, wherever it was cut", async () => {
    const whole = await write(person, random(2));
    for (let cut = 1; cut < whole.ids.length; cut += 3) {
      const { ids, reason } = await write(person, random(2), {}, whole.ids.slice(0, cut));
      expect([...whole.ids.slice(0, cut), ...ids], `${cut}`).toEqual(whole.ids);
      expect(reason).toBe("stop");
    }
  });

  it("is cut with length at the token limit", async () => {
    const { reason, ids } = await write(person, random(1), { maxTokens: 4 });
    expect([reason, ids.length]).toEqual(["length", 4]);
  });

  it("H8: ends with every bias at -100, at any temperature", async () => {
    const logitBias = new Map(Array.from({ length: codec.vocab }, (_, id) => [id, -100]));
    for (const sampling of [greedy, { ...greedy, temperature: 1 }, { ...greedy, temperature: 1e-30 }]) {
      const { text, reason } = await write(person, random(2), { sampling: { ...sampling, logitBias } });
      expect(reason).toBe("stop");
      JSON.parse(text);
    }
  });

  it("keeps its form against biases for anything else", async () => {
    const logitBias = new Map([EOS, ...codec.encodeText("the end"), ...codec.control].map((id) => [id, 100]));
    const { text } = await write(person, random(2), { sampling: { ...greedy, logitBias } });
    expect(JSON.parse(text)).toBeTypeOf("object");
  });
});

it("a request that asks for no form has no constraint", async () => {
  expect(await constraintFor({}, codec, [EOS])).toBeUndefined();
  expect(await constraintFor({ tools: [] }, codec, [EOS])).toBeUndefined();
});
