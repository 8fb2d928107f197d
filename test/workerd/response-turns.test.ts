import { exports } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { weights } from "../../durable-objects/model/served-model.ts";
import { type Toy, toyServed } from "../support/toy-served.ts";

// biome-ignore lint/suspicious/noExplicitAny: -- replies of many shapes
type Json = any;
let toy: Toy;
beforeAll(async () => {
  toy = toyServed({ contextLength: 400 });
  await weights.get(async () => toy);
});

async function respond(fields: object, headers: Record<string, string> = {}): Promise<Json> {
  const response = await exports.default.fetch("http://rivulet/v1/responses", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "tiny", input: "x", max_output_tokens: 4, ...fields }),
  });
  return { http: response.status, ...((await response.json()) as object) };
}

it("instructions that are repeated are fed once, others again", async () => {
  const instructions = "Be brief, and kind to those who ask.";
  const first = await respond({ input: "one", instructions });
  const fed = ({ usage }: Json) => usage.input_tokens - usage.input_tokens_details.cached_tokens;
  const same = await respond({ input: "two", instructions, previous_response_id: first.id });
  const third = await respond({ input: "two", instructions, previous_response_id: same.id });
  const none = await respond({ input: "two", previous_response_id: first.id });
  const other = await respond({ input: "two", instructions: `${instructions}!`, previous_response_id: first.id });
  expect([fed(same), fed(third)]).toEqual([fed(none), fed(none)]);
  expect(fed(other)).toBeGreaterThan(fed(none) + instructions.length);
});

it("truncation auto leaves out the oldest of what does not fit, and never what is a rule or a question", async () => {
  const input = [
    { role: "system", content: "rule" },
    ...Array.from({ length: 20 }, (_, n) => ({ role: n % 2 ? "assistant" : "user", content: `line ${n} `.repeat(4) })),
    { role: "user", content: "question" },
  ];
  expect(await respond({ input })).toMatchObject({ http: 400, error: { code: "context_length_exceeded" } });
  const cut = await respond({ input, truncation: "auto" });
  expect([cut.http, cut.usage.output_tokens]).toEqual([200, 4]);
  const text = (number: number) => toy.prompt.start([{ role: "user", content: `line ${number} `.repeat(4) }]).length;
  expect(cut.usage.input_tokens).toBeGreaterThan(400 - 4 - 2 * text(19));
  const items = await (
    await exports.default.fetch(`http://rivulet/v1/responses/${cut.id}/input_items?order=asc&limit=100`)
  ).json();
  const said = (items as Json).data.map(({ content }: Json) => content[0].text);
  expect([said[0], said.at(-1), said.at(-2)]).toEqual(["rule", "question", "line 19 ".repeat(4)]);
  const whole = await respond({ input: input.slice(-3), truncation: "auto" });
  expect(
    ((await (await exports.default.fetch(`http://rivulet/v1/responses/${whole.id}/input_items`)).json()) as Json).data,
  ).toHaveLength(3);
});

it("I1, I3: a request that is repeated with its key gets the same response, another one is refused", async () => {
  const key = { "idempotency-key": "once" };
  const first = await respond({ input: "one" }, key);
  const before = toy.fed.length;
  expect((await respond({ input: "one" }, key)).id).toBe(first.id);
  expect(toy.fed.length).toBe(before);
  expect(await respond({ input: "two" }, key)).toMatchObject({ http: 422, error: { code: "idempotency_mismatch" } });
});

it("H10: long URLs and headers are answered, not with a fault of ours", async () => {
  const long = await exports.default.fetch(`http://rivulet/v1/models/${"x".repeat(16_000)}`);
  expect(long.status).toBe(400);
  const heavy = await exports.default.fetch("http://rivulet/v1/models", {
    headers: { "x-long": "x".repeat(128 * 1024) },
  });
  expect(heavy.status).toBeLessThan(500);
  const query = await exports.default.fetch(`http://rivulet/v1/conversations?after=${"x".repeat(16_000)}`);
  expect(query.status).toBe(400);
});
