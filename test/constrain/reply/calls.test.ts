import { describe, expect, it } from "vitest";
import type { ReplyShape, ToolChoice } from "../../../src/constrain/constraint.ts";
import { checkShape } from "../../../src/constrain/constraint-for.ts";
import { announce, callsIn, toolsKnown } from "../../../src/constrain/reply/announce.ts";
import { CallParser, type CallPlace } from "../../../src/constrain/reply/call-parser.ts";
import { replyText } from "../../../src/constrain/reply/reply-grammar.ts";
import { Random } from "../../../src/sampling/random.ts";
import { codec, craving, EOS, random, type Wants, write } from "../model.ts";

const tools = [
  {
    name: "weather",
    description: "Weather of a place",
    parameters: {
      type: "object",
      properties: { place: { type: "string", maxLength: 30 }, days: { type: "integer", minimum: 1, maximum: 7 } },
      required: ["place"],
    },
  },
  { name: "now" },
];

interface Read {
  content: string;
  calls: { name: string; arguments: string }[];
}

/** Reads a text cut into pieces of this many characters. */
function read(text: string, step: number, place: CallPlace = "anywhere"): Read {
  const parser = new CallParser(place);
  const found: Read = { content: "", calls: [] };
  const pieces = [];
  for (let at = 0; at < text.length; at += step) pieces.push(...parser.push(text.slice(at, at + step)));
  for (const piece of [...pieces, ...parser.flush()]) {
    if (piece.type === "text") found.content += piece.text;
    else if (piece.type === "call") {
      expect(piece.index).toBe(found.calls.length);
      found.calls.push({ name: piece.name, arguments: "" });
    } else found.calls[piece.index]!.arguments += piece.text;
  }
  expect(parser.calls).toBe(found.calls.length);
  return found;
}

const check = ({ calls }: Read) => {
  for (const call of calls) {
    const given = JSON.parse(call.arguments) as { place?: unknown; days?: unknown };
    if (call.name === "now") expect(given).toEqual({});
    else {
      expect(typeof given.place).toBe("string");
      expect(Object.keys(given).every((key) => key === "place" || key === "days")).toBe(true);
    }
  }
};

describe("a reply with tools", () => {
  const wanting =
    (text: string, wants: Wants): Wants =>
    (logits, n) => {
      wants(logits, n);
      const ids = codec.encodeText(text);
      if (n < ids.length) logits[ids[n]!]! += 100;
    };

  it.each([1, 2, 3])("calls when it must (%i)", async (seed) => {
    for (const wants of [random(seed), craving("<>/ \n", seed)]) {
      const { text, reason } = await write({ tools, toolChoice: "required" }, wants);
      const found = read(text, 7, "alone");
      expect(reason).toBe("stop");
      expect(found.content).toBe("");
      expect(found.calls.length).toBeGreaterThan(0);
      check(found);
      // What the model wrote can be told again, to the letter.
      expect(replyText(found.content, found.calls)).toBe(text);
    }
  });

  it("calls the tool that is named, and once", async () => {
    const { text } = await write({ tools, toolChoice: { name: "weather" } }, random(4));
    const { calls } = read(text, 3, "alone");
    expect(calls.map(({ name }) => name)).toEqual(["weather"]);
  });

  it("calls only tools that are allowed", async () => {
    const allowed = { tools, toolChoice: "required", allowedTools: ["weather"] } as const;
    for (const seed of [1, 2, 3, 4]) {
      const { text } = await write({ ...allowed, allowedTools: [...allowed.allowedTools] }, random(seed));
      expect([...new Set(read(text, 3, "alone").calls.map(({ name }) => name))]).toEqual(["weather"]);
    }
  });

  it("after text, and after the opening only a valid call can follow", async () => {
    const opening = "Let me see <tool_call >, <tool_\u0001 and\n<tool_call>";
    for (const seed of [1, 2]) {
      const { text } = await write({ tools }, wanting(opening, random(seed)));
      expect(text.startsWith(opening)).toBe(true);
      const found = read(text, 5);
      expect(found.content).toBe(opening.replace(/<tool_call>$/, ""));
      expect(found.calls.length).toBeGreaterThan(0);
      check(found);
      expect(replyText(found.content, found.calls)).toBe(text);
    }
  });

  it("one call at most where calls are not parallel", async () => {
    const again: Wants = (logits, n) => {
      random(3)(logits, n);
      logits[EOS] = -50;
    };
    const one = await write({ tools, toolChoice: "required", parallelToolCalls: false }, again);
    expect([one.reason, read(one.text, 9).calls.length]).toEqual(["stop", 1]);
    const many = await write({ tools, toolChoice: "required" }, again, { maxTokens: 3000 });
    expect([many.reason, read(many.text, 9).calls.length]).toEqual(["stop", 16]);
  });

  it("says what it likes, or ends at once, where it need not call", async () => {
    const wantsEnd: Wants = (logits) => {
      logits[EOS] = 9;
    };
    expect((await write({ tools }, wantsEnd)).ids).toEqual([EOS]);
    const { text } = await write({ tools, toolChoice: "none" }, wanting("no <tool_call", craving(">", 1)), {
      maxTokens: 60,
    });
    expect(text).toMatch(/^no <tool_call/);
    expect(text).not.toContain("<tool_call>");
  });

  it("with a format beside them is JSON of it or calls", async () => {
    const shape: ReplyShape = {
      tools,
      format: { type: "json_schema", name: "a", strict: true, schema: { enum: ["say <tool_call>"] } },
    };
    const texts = await Promise.all(['"', "<"].map((first) => write(shape, wanting(first, random(2)))));
    expect(texts[0]!.text).toBe('"say <tool_call>"');
    expect(read(texts[0]!.text, 2, callsIn(shape))).toEqual({ content: '"say <tool_call>"', calls: [] });
    check(read(texts[1]!.text, 2, callsIn(shape)));
  });
});

describe("CallParser", () => {
  it("reads the same however the text is cut", () => {
    const calls = [
      { name: "a", arguments: '{"x": "}</tool_call>{[\\"\\\\", "y": [{}, "<tool_call>"]}' },
      { name: "b", arguments: "{}" },
    ];
    const text = replyText("Well < <tool\n", calls);
    for (let step = 1; step < 40; step++)
      expect(read(text, step), `${step}`).toEqual({ content: "Well < <tool\n", calls });
  });

  it("gives what there is of a text that was cut off", () => {
    const text = replyText("So ", [{ name: "a", arguments: '{"x": [1, 2]}' }]);
    for (let end = 0; end <= text.length; end++) {
      const { content, calls } = read(text.slice(0, end), 4);
      expect(text.startsWith(content)).toBe(true);
      expect(calls.length === 0 || '{"x": [1, 2]}'.startsWith(calls[0]!.arguments)).toBe(true);
    }
    expect(read("a <tool_ca", 1)).toEqual({ content: "a <tool_ca", calls: [] });
    expect(read("<tool_ca", 1, "alone")).toEqual({ content: "", calls: [] });
  });

  it("takes linear time", () => {
    const text = `${"<tool_call".repeat(20_000)}${"x".repeat(200_000)}`;
    const random = Random.fromSeed(1);
    const parser = new CallParser();
    let content = "";
    for (let at = 0; at < text.length; ) {
      const next = at + 1 + Math.floor(random.nextFloat() * 8);
      for (const piece of parser.push(text.slice(at, next))) content += piece.type === "text" ? piece.text : "";
      at = next;
    }
    for (const piece of parser.flush()) content += piece.type === "text" ? piece.text : "";
    expect(content).toBe(text);
  });
});

describe("announce", () => {
  const user = { role: "user" as const, content: "hi" };

  it("tells of the tools in the first message that can, once", () => {
    const shape = { tools };
    const told = announce([{ role: "tool", content: "1" }, user, user], shape);
    expect(told.map(({ tools = [] }) => tools.length)).toEqual([0, 2, 0]);
    expect(JSON.parse(told[1]!.tools![1]!)).toEqual({
      type: "function",
      function: { name: "now", parameters: { type: "object", properties: {} } },
    });
    const known = toolsKnown([user], shape);
    expect(announce([user], shape, known)).toEqual([user]);
    expect(announce([user], shape, toolsKnown([user], { tools: [tools[0]!] }))[0]!.tools).toHaveLength(2);
    expect(announce([user], { tools, toolChoice: "none" })).toEqual([user]);
    expect(announce([user], {})).toEqual([user]);
  });

  it("knows what the model has read of last: a turn that says nothing of tools changes nothing", () => {
    const known = toolsKnown([user], { tools });
    expect(known).toMatch(/^[0-9a-f]{16}$/);
    expect(toolsKnown([user], {}, known)).toBe(known);
    expect(toolsKnown([user], { tools, toolChoice: "none" }, known)).toBe(known);
    expect(toolsKnown([{ role: "tool", content: "1" }], { tools: [tools[0]!] }, known)).toBe(known);
    expect(toolsKnown([user], { tools: [tools[0]!] }, known)).not.toBe(known);
    expect(toolsKnown([user], { tools, toolChoice: "none" })).toBeUndefined();
  });
});

it.each<[string, ReplyShape, string]>([
  [
    "a tool's schema",
    {
      tools: [
        { name: "a" },
        { name: "b", strict: true, parameters: { properties: { x: { unevaluatedItems: false } } } },
      ],
    },
    "tools[1].function.parameters.properties.x.unevaluatedItems",
  ],
  [
    "arguments that are no object",
    { tools: [{ name: "a", parameters: { type: "string" } }] },
    "tools[0].function.parameters",
  ],
  ["a choice that is no tool", { tools, toolChoice: { name: "x" } as ToolChoice }, "tool_choice"],
])("%s is refused by name", async (_, shape, param) => {
  await expect(checkShape(shape)).rejects.toThrow(expect.objectContaining({ code: "request_invalid", param }));
});
