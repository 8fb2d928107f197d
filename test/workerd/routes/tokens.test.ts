/** /tokenize, /detokenize and /apply-template, as llama.cpp's clients ask and as vLLM's do. */
import { beforeAll, describe, expect, it } from "vitest";
import { weights } from "../../../durable-objects/model/served-model.ts";
import { http } from "../../support/chat-client.ts";
import { type Toy, toyServed } from "../../support/toy-served.ts";

// biome-ignore lint/suspicious/noExplicitAny: -- replies of many shapes
type Json = any;
let toy: Toy;
beforeAll(async () => {
  toy = toyServed({ contextLength: 4000 });
  await weights.get(async () => toy);
});

async function post(path: string, body: unknown): Promise<Json> {
  const response = await http(path, { body });
  return { http: response.status, ...(await response.json<object>()) };
}
const bytes = (text: string) => [...new TextEncoder().encode(text)];
const messages = [
  { role: "system", content: "Be brief." },
  { role: "user", content: [{ type: "text", text: "hé" }] },
];
const said = toyServed().prompt.start([
  { role: "system", content: "Be brief." },
  { role: "user", content: "hé" },
]);

describe("/tokenize", () => {
  it.each([
    { content: "hé" },
    { prompt: "hé", model: "tiny" },
    { content: "hé", add_special: false, parse_special: false },
  ])("%j", async (body) => {
    const tokens = bytes("hé");
    expect(await post("/tokenize", body)).toEqual({
      ...{ http: 200, tokens, count: tokens.length, max_model_len: 4000, token_strs: null },
    });
  });

  it("gives pieces, of a byte that is no text alone its bytes", async () => {
    const { tokens } = await post("/tokenize", { content: "hé", with_pieces: true });
    expect(tokens).toEqual([
      { id: 104, piece: "h" },
      { id: 0xc3, piece: [0xc3] },
      { id: 0xa9, piece: [0xa9] },
    ]);
    expect((await post("/tokenize", { prompt: "hi", return_token_strs: true })).token_strs).toEqual(["h", "i"]);
  });

  it("of messages is what a chat with them reads", async () => {
    expect((await post("/tokenize", { messages })).tokens).toEqual(said);
    const chat = await post("/v1/chat/completions", { model: "tiny", messages, max_tokens: 1 });
    expect((await post("/tokenize", { messages })).count).toBe(chat.usage.prompt_tokens);
    const open = await post("/tokenize", { messages, add_generation_prompt: false });
    expect(open.count).toBe(said.length - bytes("assistant\n").length - 1);
  });

  it("tells tools as a chat does", async () => {
    const tools = [{ type: "function", function: { name: "f", parameters: { type: "object", properties: {} } } }];
    const chat = await post("/v1/chat/completions", { model: "tiny", messages, tools, max_tokens: 1 });
    expect((await post("/tokenize", { messages, tools })).count).toBe(chat.usage.prompt_tokens);
  });

  it.each([
    [{}, "content"],
    [{ content: "a", prompt: "a" }, "prompt"],
    [{ content: 3 }, "content"],
    [{ content: ["a"] }, "content"],
    [{ content: "a", surprise: 1 }, "surprise"],
    [{ content: "a", add_special: "yes" }, "add_special"],
    [{ messages: [] }, "messages"],
    [{ messages: [{ role: "king", content: "a" }] }, "messages[0].role"],
    [{ content: "a", model: "other" }, "model"],
    [[], null],
  ])("%j is refused", async (body, param) => {
    const reply = await post("/tokenize", body);
    expect([reply.http, reply.error.param]).toEqual([param === "model" ? 404 : 400, param]);
  });

  it("an empty text has no tokens", async () => {
    expect(await post("/tokenize", { content: "" })).toMatchObject({ http: 200, tokens: [], count: 0 });
  });
});

describe("/detokenize", () => {
  it("gives the text under both names, control tokens by theirs", async () => {
    expect(await post("/detokenize", { tokens: bytes("hé") })).toEqual({ http: 200, content: "hé", prompt: "hé" });
    expect((await post("/detokenize", { model: "tiny", tokens: [256, 104, 257] })).content).toBe("<start>h<end>");
    expect((await post("/detokenize", { tokens: [] })).content).toBe("");
    expect((await post("/detokenize", { tokens: [0xc3] })).content).toBe("\ufffd");
  });

  it.each([
    [{}, "tokens"],
    [{ tokens: "a" }, "tokens"],
    [{ tokens: [1, -1] }, "tokens[1]"],
    [{ tokens: [1.5] }, "tokens[0]"],
    [{ tokens: [1, 258] }, "tokens[1]"],
    [{ tokens: [null] }, "tokens[0]"],
  ])("%j is refused", async (body, param) => {
    const reply = await post("/detokenize", body);
    expect([reply.http, reply.error.param]).toEqual([400, param]);
  });
});

describe("/apply-template", () => {
  it("gives what the model would read", async () => {
    const reply = await post("/apply-template", { messages });
    expect(reply).toEqual({
      http: 200,
      prompt: "<start>system\nBe brief.<end>\n<start>user\nhé<end><start>assistant\n",
    });
    expect((await post("/apply-template", { messages, add_generation_prompt: false })).prompt).toMatch(/<end>$/);
  });

  it("refuses what is no chat", async () => {
    expect(await post("/apply-template", { messages: [{ role: "user" }] })).toMatchObject({
      ...{ http: 400, error: { param: "messages[0].content" } },
    });
    expect(await post("/apply-template", {})).toMatchObject({ http: 400, error: { param: "messages" } });
  });
});
