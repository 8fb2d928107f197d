/** Instructions hold for one request: they are no part of the history, and never in conflict with it. */
import { abortAllDurableObjects } from "cloudflare:test";
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

async function call(path: string, body?: object): Promise<Json> {
  const response = await http(`/v1${path}`, { body });
  return { http: response.status, ...((await response.json()) as object) };
}
const respond = (fields: object) =>
  call("/responses", { model: "tiny", max_output_tokens: 4, temperature: 0, ...fields });
const chat = (conversation: string, messages: object[]) =>
  call("/chat/completions", { model: "tiny", max_tokens: 4, temperature: 0, conversation, messages });
const textOf = ({ output }: Json): string => output[0].content[0].text;
const cached = ({ usage }: Json): number => usage.input_tokens_details.cached_tokens;
const user = (content: string) => ({ role: "user" as const, content });
const system = (content: string) => ({ role: "system", content });
const assistant = (content: string) => ({ role: "assistant", content });

/** What a conversation with these items answers: nothing but them and the instructions is in its past. */
async function asIf(items: object[], fields: object): Promise<Json> {
  const { id } = await call("/conversations", { items });
  return respond({ conversation: id, ...fields });
}

describe("instructions of a response", () => {
  const rules = ["Be brief, and kind to those who ask.", "Answer in verse.", "Answer in verse."];
  const told = ["one", "two", "three"];

  it.each([
    ["a conversation", () => ({ conversation: "with-rules" })],
    ["the response before", (last: Json) => (last ? { previous_response_id: last.id } : {})],
  ])("hold for their request only, in %s", async (_, place) => {
    const items: object[] = [];
    let last: Json;
    for (const [i, input] of told.entries()) {
      const fields = { input, instructions: rules[i]! };
      const reply = await respond({ ...place(last), ...fields });
      expect(reply).toMatchObject({ http: 200, instructions: rules[i] });
      if (i > 0) {
        const wanted = await asIf(items, fields);
        expect([textOf(reply), reply.usage.input_tokens]).toEqual([textOf(wanted), wanted.usage.input_tokens]);
        // All that was said before is held, but for its last token: nothing of the dialogue is read again.
        const before = toy.prompt.start([user(told[0]!)]).length;
        expect(cached(reply)).toBeGreaterThanOrEqual(before);
        const fed = reply.usage.input_tokens - cached(reply);
        expect(fed).toBeLessThan(rules[i]!.length + input.length + 60);
        expect(reply.timings).toMatchObject({ prefill_tokens: fed, rebuilt_tokens: 0 });
      }
      // The state that is kept has read the turn again, without the rules: its own tokens, whatever came before.
      expect(reply.timings.settle_tokens).toBeLessThan(input.length + 4 + 60);
      items.push(user(input), assistant(textOf(reply)));
      last = reply;
    }
    const bare = await respond({ ...place(last), input: "four" });
    const wanted = await asIf(items, { input: "four" });
    expect([textOf(bare), bare.usage.input_tokens]).toEqual([textOf(wanted), wanted.usage.input_tokens]);
    expect(bare.timings.settle_tokens).toBeUndefined();
  });

  it("are not among the conversation's items, and neither are system messages of the input", async () => {
    const conversation = "listed";
    await respond({
      conversation,
      instructions: "Rule.",
      input: [{ role: "developer", content: "More." }, user("one")],
    });
    const { data } = await call(`/conversations/${conversation}/items?order=asc`);
    expect(data.map(({ role }: Json) => role)).toEqual(["user", "assistant"]);
  });

  it("stay out of what is computed again, when the state was lost with the object", async () => {
    const conversation = "lost";
    const first = await respond({ conversation, input: "one", instructions: "Be brief." });
    await abortAllDurableObjects();
    await weights.get(async () => toy);
    const fields = { input: "two", instructions: "Answer in verse." };
    const second = await respond({ conversation, ...fields });
    const wanted = await asIf([user("one"), assistant(textOf(first))], fields);
    expect([textOf(second), second.usage.input_tokens]).toEqual([textOf(wanted), wanted.usage.input_tokens]);
    expect(second.timings.rebuilt_tokens).toBe(0);
  });

  it("and the round trip of a tool belong to one conversation", async () => {
    const conversation = "tools";
    const tool = {
      type: "function",
      name: "f",
      parameters: { type: "object", properties: {}, additionalProperties: false },
    };
    const fields = { conversation, instructions: "Call f.", tools: [tool], max_output_tokens: 100 };
    const first = await respond({ ...fields, input: "go", tool_choice: "required", parallel_tool_calls: false });
    const call = first.output.find(({ type }: Json) => type === "function_call");
    const output = { type: "function_call_output", call_id: call.call_id, output: "42" };
    const second = await respond({ ...fields, input: [output] });
    expect([second.http, cached(second) > 0]).toEqual([200, true]);
    // Some clients send the call again with its output: it is known.
    const again = { ...output, output: "43" };
    const third = await respond({
      ...fields,
      previous_response_id: first.id,
      conversation: undefined,
      input: [call, again],
    });
    expect([third.http, third.usage.input_tokens]).toEqual([200, second.usage.input_tokens]);
  });
});

describe("system messages of a chat", () => {
  const rule = "Be brief.";

  it("of its first request are its beginning; the same ones again cost nothing, others hold for their request", async () => {
    const first = await chat("chat", [system(rule), user("one")]);
    const said = assistant(first.choices[0].message.content);
    const second = await chat("chat", [system(rule), user("one"), said, user("two")]);
    const third = await chat("chat", [system("Answer in verse."), user("three")]);
    const fed = ({ usage }: Json) => usage.prompt_tokens - usage.prompt_tokens_details.cached_tokens;
    expect([second.http, third.http, third.timings.rebuilt_tokens]).toEqual([200, 200, 0]);
    expect(fed(second)).toBeLessThan(60);
    expect(third.usage.prompt_tokens_details.cached_tokens).toBeGreaterThanOrEqual(second.usage.total_tokens - 1);
    const repeated = await chat("chat", [system(rule), user("four")]);
    expect(fed(repeated)).toBeLessThan(60);
    const history = await call("/conversations/chat/items?order=asc&limit=100");
    expect(history.data.map(({ role }: Json) => role).filter((role: string) => role === "system")).toHaveLength(1);
  });

  it("may differ each time that the whole history is told again", async () => {
    const messages: object[] = [];
    for (const [i, word] of ["one", "two", "three"].entries()) {
      messages.push(user(word));
      const reply = await chat("dated", [system(`It is day ${i}.`), ...messages]);
      expect([reply.http, reply.timings.rebuilt_tokens]).toEqual([200, 0]);
      if (i > 0) expect(reply.usage.prompt_tokens_details.cached_tokens).toBeGreaterThan(messages.length * 5);
      messages.push(assistant(reply.choices[0].message.content));
    }
  });

  it("of a window onto the history do no harm either", async () => {
    const first = await chat("window", [user("one")]);
    const second = await chat("window", [user("two")]);
    const tail = [user("two"), assistant(second.choices[0].message.content), user("three")];
    const third = await chat("window", [system(rule), ...tail]);
    expect([first.http, third.http]).toEqual([200, 200]);
    expect(third.usage.prompt_tokens_details.cached_tokens).toBe(second.usage.total_tokens - 1);
    const other = await chat("window", [user("never"), assistant("said"), user("x")]);
    expect(other).toMatchObject({ http: 409, error: { code: "conversation_conflict" } });
  });
});
