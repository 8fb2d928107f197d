/**
 * Texts of callers as keys: that they are kept as they were, and that none that looks like a number
 * reaches a set or a map as it came.
 */
import { expect, it, vi } from "vitest";
import { chatRequest, chatTurn } from "../../src/api/chat/request.ts";
import { messageRequest, messageTurn } from "../../src/api/messages/request.ts";
import { responseRequest, responseTurn } from "../../src/api/responses/request.ts";
import { parse } from "../../src/api/shared/parse-body.ts";
import { Budget } from "../../src/constrain/language/budget.ts";
import { Grammar } from "../../src/constrain/language/expr.ts";
import { schemaGrammar } from "../../src/constrain/schema/schema-grammar.ts";
import { TextMap, TextSet } from "../../src/core/text-keys.ts";
import { atOnce } from "../../src/core/work.ts";

it("gives each text back as it came", () => {
  const set = new TextSet(["65536", "~", "", "65536", "a"]);
  expect([...set]).toEqual(["65536", "~", "", "a"]);
  expect([set.size, set.has("~"), set.has("~~"), set.delete("~"), set.delete("~")]).toEqual([
    4,
    true,
    false,
    true,
    false,
  ]);
  expect([[...set.keys()], [...set.entries()]]).toEqual([[...set], [...set].map((text) => [text, text])]);
  const map = new TextMap([
    ["65536", 1],
    ["a", 2],
  ]);
  expect([[...map], [...map.keys()], [...map.values()]]).toEqual([
    [
      ["65536", 1],
      ["a", 2],
    ],
    ["65536", "a"],
    [1, 2],
  ]);
  expect([map.get("65536"), map.get("~a"), map.has("a"), map.delete("a"), map.size]).toEqual([
    1,
    undefined,
    true,
    true,
    1,
  ]);
  const seen: unknown[] = [];
  set.forEach((text) => void seen.push(text));
  map.forEach((value, text) => void seen.push([text, value]));
  expect(seen).toEqual(["65536", "", "a", ["65536", 1]]);
});

/** Numbers of which none is one that the server itself counts with. */
const IDS = Array.from({ length: 3 }, (_, i) => String((i + 77) * 65_536));

/** Keys of sets and maps that are texts of `IDS`. */
function keysIn(work: () => void): unknown[] {
  const given: unknown[] = [];
  const [add, set] = [Set.prototype.add, Map.prototype.set];
  const spies = [
    vi.spyOn(Set.prototype, "add").mockImplementation(function (this: Set<unknown>, key) {
      given.push(key);
      return add.call(this, key);
    }),
    vi.spyOn(Map.prototype, "set").mockImplementation(function (this: Map<unknown, unknown>, key, value) {
      given.push(key);
      return set.call(this, key, value);
    }),
  ];
  try {
    work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return given.filter((key) => typeof key === "string" && IDS.includes(key));
}

const called = (id: string) => ({ id, type: "function", function: { name: "f", arguments: "{}" } });
const grammarOf = (schema: unknown) => () =>
  void atOnce(schemaGrammar(new Grammar(new Budget()), schema as never, "schema"));
const numbers = IDS.map(Number);
const texts = Object.fromEntries(IDS.map((id) => [id, id]));
const all = Object.fromEntries(IDS.map((id) => [id, { type: "string" }]));

it.each<[what: string, work: () => void]>([
  [
    "calls of a chat",
    () =>
      void chatTurn(
        parse(
          {
            model: "m",
            messages: [
              { role: "user", content: "go" },
              { role: "assistant", tool_calls: IDS.map(called) },
              ...IDS.map((id) => ({ role: "tool", tool_call_id: id, content: id })),
            ],
          },
          chatRequest,
        ),
      ),
  ],
  [
    "calls of messages",
    () =>
      void messageTurn(
        parse(
          {
            model: "m",
            max_tokens: 1,
            messages: [
              { role: "user", content: "go" },
              { role: "assistant", content: IDS.map((id) => ({ type: "tool_use", id, name: "f", input: {} })) },
              { role: "user", content: IDS.map((id) => ({ type: "tool_result", tool_use_id: id, content: id })) },
            ],
          },
          messageRequest,
        ),
      ),
  ],
  [
    "calls of a response",
    () =>
      void responseTurn(
        parse(
          {
            model: "m",
            input: IDS.flatMap((id) => [
              { type: "function_call", call_id: id, name: "f", arguments: "{}" },
              { type: "function_call_output", call_id: id, output: id },
            ]),
          },
          responseRequest,
        ),
      ),
  ],
  ["constants of two schemas", grammarOf({ allOf: [{ enum: [...numbers, ...IDS] }, { enum: [...IDS, ...numbers] }] })],
  ["constants that another schema checks", grammarOf({ enum: [...IDS, ...numbers], not: { enum: IDS } })],
  ["constants that two schemas forbid", grammarOf({ type: "string", allOf: IDS.map(() => ({ not: { enum: IDS } })) })],
  ["lists without doubles", grammarOf({ enum: [numbers, IDS], uniqueItems: true })],
  ["names that must be there", grammarOf({ allOf: [{ required: IDS, properties: all }, { required: IDS.slice(1) }] })],
  ["names of members", grammarOf({ properties: all, additionalProperties: true, patternProperties: { "^9": {} } })],
  ["names that schemas have looked at", grammarOf({ enum: [texts], properties: all, unevaluatedProperties: false })],
  ["names that others follow from", grammarOf({ dependentRequired: { [IDS[0]!]: IDS.slice(1) }, properties: all })],
  ["patterns", grammarOf({ allOf: IDS.map((pattern) => ({ type: "string", pattern })) })],
  ["patterns of names", grammarOf({ patternProperties: all, properties: { [`${IDS[0]}0`]: {} } })],
  ["anchors", grammarOf({ $ref: `#/$defs/${IDS[0]}`, $defs: all })],
])("keeps no number of a caller's as a key: %s", (_, work) => {
  expect(keysIn(work)).toEqual([]);
});
