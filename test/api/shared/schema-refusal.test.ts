/** A refused field says what was expected and what came, in one sentence; text of a client is never repeated. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { chatRequest } from "../../../src/api/chat/request.ts";
import { messageRequest } from "../../../src/api/messages/request.ts";
import { responseRequest } from "../../../src/api/responses/request.ts";
import { pageQuery } from "../../../src/api/shared/fields.ts";
import { parse } from "../../../src/api/shared/parse-body.ts";
import { Failure } from "../../../src/core/failure.ts";

const messageOf = (value: unknown, schema: z.ZodType): string => {
  try {
    parse(value, schema);
  } catch (thrown) {
    return Failure.from(thrown).message;
  }
  throw new Error(`accepted: ${JSON.stringify(value)}`);
};
const entries = (count: number, value: unknown) => Object.fromEntries([...Array(count).keys()].map((i) => [i, value]));
const user = { role: "user", content: "hi" };
const chat = (fields: object) => messageOf({ model: "m", messages: [user], ...fields }, chatRequest);

describe("says what came", () => {
  it.each<[fields: object, message: string]>([
    [{ temperature: 3 }, "temperature: expected at most 2, got 3"],
    [{ temperature: -0.5 }, "temperature: expected at least 0, got -0.5"],
    [{ temperature: "hot" }, "temperature: expected a number, got a string"],
    [{ temperature: "1" }, 'temperature: expected a number, got "1"'],
    [{ temperature: [] }, "temperature: expected a number, got a list"],
    [{ top_k: 1.5 }, "top_k: expected a whole number, got 1.5"],
    [{ stream: 1 }, "stream: expected true or false, got 1"],
    [{ stop: ["a", "b", "c", "d", "e"] }, "stop: expected at most 4 items, got 5 items"],
    [{ stop: "" }, "stop: expected a non-empty string, got an empty string"],
    [{ stop: 4 }, "stop: expected a string or a list, got 4"],
    [{ stop: ["a", 4] }, "stop[1]: expected a string, got 4"],
    [{ model: null }, "model: expected a string, got null"],
    [{ model: undefined }, "model: expected a string, got nothing"],
    [{ model: "m".repeat(129) }, "model: expected at most 128 characters, got 129 characters"],
    [{ messages: [] }, "messages: expected at least 1 item, got 0 items"],
    [{ messages: {} }, "messages: expected a list, got an object"],
    [{ messages: [3] }, "messages[0]: expected an object, got 3"],
    [
      { messages: [{ role: "robot", content: "x" }] },
      'messages[0].role: expected one of system, developer, user, assistant, tool, got "robot"',
    ],
    [
      { messages: [{ role: "user", content: 7 }] },
      "messages[0].content: expected a string or a list of text parts, got 7",
    ],
    [{ reply_format: 1 }, "reply_format: this field is unknown or not supported"],
    [{ conversation: { id: "a", name: "b" } }, "conversation.name: this field is unknown or not supported"],
    [{ logit_bias: { a: 1 } }, 'logit_bias.a: expected token ids as keys, got "a"'],
    [
      { metadata: { ["k".repeat(65)]: "v" } },
      `metadata.${"k".repeat(65)}: expected a name of at most 64 characters, got 65 characters`,
    ],
    [{ metadata: { a: 1 } }, "metadata.a: expected a string, got 1"],
    [{ n: 9 }, "n: expected at most 8, got 9"],
  ])("%j", (fields, message) => {
    expect(chat(fields)).toBe(message);
  });

  it("counts what came of too many", () => {
    const parameters = { x: "y".repeat(65_536) };
    const tools = [{ type: "function", function: { name: "f", parameters } }];
    expect(chat({ tools })).toBe(
      "tools[0].function.parameters: expected at most 65536 characters, got 65544 characters",
    );
    expect(chat({ metadata: entries(17, "x") })).toBe("metadata: expected at most 16 pairs, got 17 pairs");
    expect(chat({ logit_bias: entries(8000, 1) })).toBe("logit_bias: expected at most 300 entries, got 8000 entries");
  });

  it("in a query, where everything is text", () => {
    const query = z.object(pageQuery);
    expect(messageOf({ limit: "many" }, query)).toBe('limit: expected a whole number from 1 to 100, got "many"');
    expect(messageOf({ limit: "0" }, query)).toBe('limit: expected at least 1, got "0"');
    expect(messageOf({ order: "up" }, query)).toBe('order: expected one of "asc", "desc", got "up"');
    expect(messageOf({ limit: ["1", "2"] }, query)).toBe("limit: expected a string, got a list");
  });

  it("of a body that is no object", () => {
    expect(messageOf([], chatRequest)).toBe("body: expected an object, got a list");
    expect(messageOf("x", responseRequest)).toBe("body: expected an object, got a string");
    expect(messageOf(null, messageRequest)).toBe("body: expected an object, got null");
  });
});

it("never repeats text, whatever is wrong with it", () => {
  const secret = "a secret of mine";
  const long = `${secret} `.repeat(5);
  for (const fields of [
    { temperature: secret },
    { messages: secret },
    { messages: [{ role: "assistant", tool_calls: secret }] },
    { metadata: secret },
    { metadata: { a: long.repeat(20) } },
    { messages: [{ role: long, content: "x" }] },
    { conversation: long },
    { stop: long.repeat(20) },
    { response_format: long },
  ]) {
    expect(chat(fields), JSON.stringify(fields)).not.toContain(secret);
    expect(chat(fields)).toMatch(/^[\w[\].]+: .*expected .*, got [^,]+$/);
  }
});

describe("of very many faults", () => {
  let told = 0;
  const text = z.string({
    error: () => {
      told++;
      return "expected a text";
    },
  });
  const item = z.union([z.strictObject({ a: text }), z.strictObject({ b: text, c: text })]);
  const lists = z.strictObject({ list: z.array(z.strictObject({ parts: z.array(item) })) });

  it.each([0, 3, 100])("the first is told, and the others are not looked for (behind %i items)", (good) => {
    told = 0;
    const list = Array.from({ length: 200 }, (_, i) => ({
      parts: Array.from({ length: 100 }, () => (i < good ? { a: "x" } : {})),
    }));
    expect(messageOf({ list }, lists)).toContain(`list[${good}].parts[0]`);
    expect(told).toBeLessThan(10);
  });
});
