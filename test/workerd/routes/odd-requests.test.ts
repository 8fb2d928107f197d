/**
 * Odd requests to the routes that other servers' clients know: whatever stands in a field, the answer is one
 * of theirs and names the field.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { weights } from "../../../durable-objects/model/served-model.ts";
import { http } from "../../support/chat-client.ts";
import { toyServed } from "../../support/toy-served.ts";

// biome-ignore lint/suspicious/noExplicitAny: -- replies of many shapes
type Json = any;
beforeAll(async () => {
  await weights.get(async () => toyServed({ contextLength: 4000 }));
});

/** Some two thousand requests, of which a busy machine answers a few dozen a second. */
const PATIENCE_MS = 600_000;
const odd = [
  null,
  "",
  "a",
  0,
  -1,
  1.5,
  1e308,
  true,
  [],
  {},
  [null],
  [[]],
  [{}],
  { type: "x" },
  [{ type: "text" }],
  "\ud800",
];
const schema = { type: "object", properties: { a: { type: "string" } }, required: ["a"] };
const user = (content: unknown) => ({ role: "user", content });

const message = {
  model: "tiny",
  max_tokens: 2,
  system: [{ type: "text", text: "Be brief." }],
  messages: [
    user([{ type: "text", text: "one" }]),
    { role: "assistant", content: [{ type: "tool_use", id: "c", name: "f", input: { a: "b" } }] },
    user([{ type: "tool_result", tool_use_id: "c", content: [{ type: "text", text: "two" }] }]),
  ],
  tools: [{ name: "f", description: "d", input_schema: schema }],
  tool_choice: { type: "none" },
  stop_sequences: ["zz"],
  stream: false,
  ...{ temperature: 0, top_p: 1, top_k: 1, seed: 1, metadata: { user_id: "u" }, thinking: { type: "disabled" } },
  output_config: { effort: "low" },
  recall: "off",
  conversation: null,
  thread: null,
  cache_control: { type: "ephemeral" },
};
const response = {
  model: "tiny",
  input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "one" }] }],
  ...{ instructions: "Be brief.", previous_response_id: null, conversation: null, truncation: "auto" },
  tools: [{ type: "function", name: "f", parameters: schema }],
  tool_choice: "none",
  text: { format: { type: "text" } },
};
const chat = [
  { role: "system", content: "Be brief." },
  { role: "user", content: [{ type: "text", text: "one" }] },
];
const functions = [{ type: "function", function: { name: "f", parameters: schema } }];

const bodies: [path: string, body: object][] = [
  ["/v1/messages", message],
  ["/v1/messages/count_tokens", message],
  ["/v1/responses/input_tokens", response],
  ["/v1/responses/compact", { model: "tiny", input: response.input, instructions: "x", previous_response_id: null }],
  ["/tokenize", { content: "a", add_special: true, parse_special: false, with_pieces: true, return_token_strs: true }],
  ["/tokenize", { model: "tiny", messages: chat, tools: functions, add_generation_prompt: true }],
  ["/detokenize", { model: "tiny", tokens: [97, 98] }],
  ["/apply-template", { model: "tiny", messages: chat, tools: functions }],
];

/** Every place of a value, and the value with something else there. */
function* changed(value: unknown, put: unknown, at = ""): Generator<[string, unknown]> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, field] of Object.entries(value)) {
    const path = Array.isArray(value) ? `${at}[${key}]` : at ? `${at}.${key}` : key;
    const swap = (one: unknown) =>
      Array.isArray(value) ? value.map((each, i) => (String(i) === key ? one : each)) : { ...value, [key]: one };
    yield [path, swap(put)];
    for (const [deeper, inner] of changed(field, put, path)) yield [deeper, swap(inner)];
  }
}

const post = (path: string, body: unknown) => http(path, { body });

describe("whatever stands in a field", () => {
  it.each(bodies)("%s answers", async (path, body) => {
    expect((await post(path, body)).status).toBe(200);
  });

  it.each(bodies)(
    "%s: an odd value is taken, or refused by the name of its field",
    async (path, body) => {
      const unnamed: string[] = [];
      const isTheirs = path.startsWith("/v1/messages");
      for (const put of odd) {
        for (const [place, sent] of changed(body, put)) {
          const reply = await post(path, sent);
          const told = `${place} = ${JSON.stringify(put)}: ${reply.status}`;
          const words = await reply.text();
          expect(reply.status, `${told} ${words}`).toBeLessThan(500);
          if (reply.status < 400) continue;
          const answer: Json = JSON.parse(words);
          expect(answer.type, told).toBe(isTheirs ? "error" : undefined);
          expect(answer.error, told).toMatchObject({ type: expect.any(String), message: expect.any(String) });
          const { param } = answer.error;
          const top = place.split(/[.[]/)[0]!;
          // What was changed, something within it, or what no longer fits it.
          if (typeof param !== "string" || param === "") unnamed.push(`${told} ${answer.error.message}`);
          else if (!param.startsWith(top) && reply.status === 400 && !fitsNoMore(top, param))
            unnamed.push(`${told} ${param}`);
        }
      }
      expect(unnamed).toEqual([]);
    },
    PATIENCE_MS,
  );

  it.each(bodies)(
    "%s: a field that nobody knows is refused by name, and a body that is no object",
    async (path, body) => {
      const unknown = await post(path, { ...body, surprise: 1 });
      expect([unknown.status, ((await unknown.json()) as Json).error.param]).toEqual([400, "surprise"]);
      for (const put of [null, [], "a", 1]) expect((await post(path, put)).status).toBe(400);
    },
  );
});

/** A field that is right alone may be refused beside another: a choice without its tools, a result without its call. */
const fitsNoMore = (changed: string, named: string): boolean =>
  (changed === "tools" && named.startsWith("tool_choice")) ||
  (changed === "content" && named === "content") ||
  (changed === "messages" && named === "content");

describe("a stream that its reader leaves", () => {
  it("ends its message, and the next one is answered", async () => {
    const sent = { ...message, max_tokens: 2000, stream: true, conversation: "left" };
    const reply = await post("/v1/messages", sent);
    const reader = reply.body!.getReader();
    await reader.read();
    await reader.cancel();
    const next = await post("/v1/messages", { ...message, conversation: "another" });
    expect(next.status).toBe(200);
  });

  it("takes any number as a limit", async () => {
    for (const max_tokens of [1_000_000, 2 ** 31 - 1, Number.MAX_SAFE_INTEGER]) {
      const reply = await post("/v1/messages", { ...message, stop_sequences: ["a", "e", "o", " "], max_tokens });
      expect([max_tokens, reply.status]).toEqual([max_tokens, 200]);
    }
  });
});
