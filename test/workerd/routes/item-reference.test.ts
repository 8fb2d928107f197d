/** Items by their ids: what a client that keeps ids alone sends in the place of a history. */
import { beforeAll, expect, it } from "vitest";
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

async function respond(fields: object): Promise<Json> {
  const response = await http("/v1/responses", {
    body: { model: "tiny", max_output_tokens: 4, temperature: 0, ...fields },
  });
  return { http: response.status, ...((await response.json()) as object) };
}
const user = (content: string) => ({ role: "user", content });
const refer = ({ output }: Json) => output.map(({ id }: Json) => ({ type: "item_reference", id }));
const cached = ({ usage }: Json): number => usage.input_tokens_details.cached_tokens;

it("goes on from the state where the items are its history, and computes nothing of it again", async () => {
  const input: object[] = [{ role: "developer", content: "Be brief." }, user("one")];
  let before = await respond({ input });
  for (const word of ["two", "three", "four"]) {
    input.push(...refer(before), user(word));
    const next = await respond({ input });
    expect([next.http, cached(next)]).toEqual([200, before.usage.total_tokens - 1]);
    before = next;
  }
});

it("is what was said there where the history was changed", async () => {
  const first = await respond({ input: "one" });
  const [reference] = refer(first);
  const changed = await respond({ input: [user("another"), reference, user("two")] });
  const said = { role: "assistant", content: first.output[0].content[0].text };
  const told = await respond({ input: [user("another"), said, user("two")], store: false });
  expect([changed.http, cached(changed), changed.usage.input_tokens]).toEqual([200, 0, told.usage.input_tokens]);
  expect(changed.output[0].content).toEqual(told.output[0].content);
});

it("costs nothing behind the response or in the conversation that it is the end of", async () => {
  const first = await respond({ input: "one", conversation: "ends" });
  const again = await respond({ input: [...refer(first), user("two")], conversation: "ends" });
  expect([again.http, cached(again)]).toEqual([200, first.usage.total_tokens - 1]);
  const chained = await respond({ input: [...refer(first), user("two")], previous_response_id: first.id });
  expect([chained.http, chained.usage.input_tokens]).toEqual([200, again.usage.input_tokens]);
});

it("keeps nothing with store: false, and knows no item of nobody's", async () => {
  const first = await respond({ input: "one" });
  const thrown = await respond({ input: [user("one"), ...refer(first), user("two")], store: false });
  expect([thrown.http, cached(thrown)]).toEqual([200, first.usage.total_tokens - 1]);
  for (const id of ["msg_1", `msg_${"0".repeat(48)}_0`, `${first.output[0].id}9`])
    expect(await respond({ input: [{ type: "item_reference", id }, user("two")] })).toMatchObject({
      http: 404,
      error: { code: "not_found", param: expect.stringMatching(/^input\[0\]|^id/) },
    });
});

it("our own items, sent back whole with their ids, go on from their state like references", async () => {
  const input: object[] = [user("one")];
  let before = await respond({ input, instructions: "Be brief." });
  for (const [i, word] of ["two", "three"].entries()) {
    input.push(...before.output, user(word));
    const next = await respond({ input, instructions: `Be brief, ${i}.`, store: true });
    const plain = await respond({ input, instructions: `Be brief, ${i}.`, store: false });
    // Instructions are of one request, and all else was read before.
    const asked = next.usage.input_tokens - cached(next);
    expect([next.http, cached(next) > 0, asked < 80]).toEqual([200, true, true]);
    expect(plain.usage.input_tokens).toBe(next.usage.input_tokens);
    before = next;
  }
});

it("items whose words were changed, cut off or are not there any more are read as they came", async () => {
  const first = await respond({ input: "one" });
  const second = await respond({ input: "two", previous_response_id: first.id });
  const bare = (items: object[]) => items.map(({ id: _, ...item }: Json) => item);
  const [reply] = first.output;
  const changed = { ...reply, content: [{ ...reply.content[0], text: "else" }] };
  const cases = [
    [user("one"), changed, user("three")],
    // A client that leaves out the beginning does not want it to be known.
    [user("two"), ...second.output, user("three")],
    [{ ...reply, id: `msg_${"0".repeat(48)}_0` }, user("three")],
    [{ ...reply, id: "msg_of_another_server" }, user("three")],
  ];
  for (const input of cases) {
    const given = await respond({ input });
    const plain = await respond({ input: bare(input) });
    expect([given.http, cached(given), given.output[0].content[0].text]).toEqual([
      200,
      0,
      plain.output[0].content[0].text,
    ]);
  }
  await http(`/v1/responses/${second.id}`, { method: "DELETE" });
  const gone = await respond({ input: [user("one"), ...first.output, user("two"), ...second.output, user("three")] });
  expect([gone.http, cached(gone)]).toEqual([200, 0]);
});

it("an item that is named again and again is refused before its text is written as often", async () => {
  const made = await http("/v1/conversations", { body: { items: [user("x".repeat(3000))] } });
  const { id } = (await made.json()) as Json;
  const { data } = (await (await http(`/v1/conversations/${id}/items`)).json()) as Json;
  const input = Array.from({ length: 1500 }, () => ({ type: "item_reference", id: data[0].id }));
  const { http: status, error } = await respond({ input });
  expect([status, error.code, error.param]).toEqual([400, "request_invalid", "input"]);
  expect(error.message).toBe("input: expected references to at most 4194304 characters, got more");
});
