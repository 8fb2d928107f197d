/**
 * Histories whose last word is the assistant's: it speaks once more, as with OpenAI; and
 * what is asked for like that again.
 */
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

async function post(path: string, body: object): Promise<Json> {
  const response = await http(`/v1${path}`, { body: { model: "tiny", temperature: 0, ...body } });
  return { http: response.status, ...(await response.json<object>()) };
}
const chat = (fields: object) => post("/chat/completions", { max_tokens: 4, ...fields });
const respond = (fields: object) => post("/responses", { max_output_tokens: 4, ...fields });
const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });

describe("chat", () => {
  it("answers behind the assistant's own words", async () => {
    const reply = await chat({ messages: [user("one"), assistant("1")] });
    const read = toy.prompt.start([
      { role: "user", content: "one" },
      { role: "assistant", content: "1" },
    ] as never);
    expect([reply.http, reply.usage.prompt_tokens]).toEqual([200, read.length]);
    expect((await chat({ messages: [assistant("hello")], n: 2 })).choices).toHaveLength(2);
  });

  it("in a session goes on from the state, computes nothing twice, and the dialogue goes on behind it", async () => {
    const said: object[] = [user("one")];
    const first = await chat({ conversation: "last", messages: said });
    said.push(first.choices[0].message);
    const more = await chat({ conversation: "last", messages: said });
    expect([more.http, more.usage.prompt_tokens_details.cached_tokens]).toEqual([200, first.usage.total_tokens - 1]);
    // The same wish once more is another answer beside that one.
    const again = await chat({ conversation: "last", messages: said });
    expect([again.usage.prompt_tokens, again.choices[0].message]).toEqual([
      more.usage.prompt_tokens,
      more.choices[0].message,
    ]);
    said.push(more.choices[0].message, user("two"));
    const next = await chat({ conversation: "last", messages: said });
    expect([next.http, next.usage.prompt_tokens_details.cached_tokens]).toEqual([200, more.usage.total_tokens - 1]);
    const items = await http("/v1/conversations/last/items?order=asc");
    expect((await items.json<Json>()).data.map(({ role }: Json) => role)).toEqual([
      "user",
      "assistant",
      "assistant",
      "user",
      "assistant",
    ]);
  });
});

it("responses: items that end with the assistant's, alone and behind what is kept", async () => {
  expect(await respond({ input: [user("one"), assistant("1")] })).toMatchObject({ http: 200, status: "incomplete" });
  const first = await respond({ conversation: "spoken", input: "one" });
  const added = await respond({ conversation: "spoken", input: [assistant("and more")], instructions: "Be brief." });
  expect([added.http, added.usage.input_tokens_details.cached_tokens]).toEqual([200, first.usage.total_tokens - 1]);
  const next = await respond({ conversation: "spoken", input: [...added.output, user("two")] });
  expect([next.http, next.usage.input_tokens_details.cached_tokens > first.usage.total_tokens]).toEqual([200, true]);
});
