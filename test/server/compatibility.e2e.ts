/**
 * L8: the server under the oldest compatibility date that it supports (docs/deploy.md). Under the newest
 * runtime a nightly run has all tests.
 */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { post } from "../support/start-server.ts";
import { toyServer } from "../support/toy-server.ts";

const OLDEST = /oldest compatibility date[^\d]*(\d{4}-\d\d-\d\d)/.exec(readFileSync("docs/deploy.md", "utf8"))![1]!;
const CURRENT = /^compatibility_date = "(.+)"/m.exec(readFileSync("wrangler.toml", "utf8"))![1]!;
// biome-ignore lint/suspicious/noExplicitAny: -- replies of several shapes
type Json = any;

/**
 * What a client sees of a conversation, a stream, a reply in the background, a socket and a prefix, as far as it
 * does not name anything by chance.
 */
async function seen(date: string): Promise<unknown[]> {
  const server = await toyServer({ COMPATIBILITY_DATE: date });
  try {
    const ask = async (path: string, body?: object) => {
      const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
      const response = await fetch(server.url + path, body ? init : {});
      return { status: response.status, body: (await response.json()) as Json };
    };
    const turn = (content: string, more: object = {}) =>
      post(server.url, { messages: [{ role: "user", content }], temperature: 0, ...more });
    const talk = { conversation: "talk", seed: 7, temperature: 1 };
    const first = (await (await turn("Hello", talk)).json()) as Json;
    const second = (await (await turn("And then?", talk)).json()) as Json;
    const stream = await (await turn("Hello", { stream: true })).text();
    const words = [...stream.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text).join("");
    const response = { model: "tiny", input: "Hello", background: true, max_output_tokens: 12, temperature: 0 };
    const { id } = (await ask("/v1/responses", response)).body;
    await expect.poll(async () => (await ask(`/v1/responses/${id}`)).body.status).toBe("incomplete");
    const { output } = (await ask(`/v1/responses/${id}`)).body;
    const prefix = await ask("/v1/prefixes", { name: "p", text: "A text that many begin with." });
    const begun = (await (await turn("Hello", { prefix: "p", conversation: "begun" })).json()) as Json;
    const missing = await ask("/v1/conversations/missing");
    return [
      [first.choices, first.usage],
      [second.choices, second.usage],
      ...[words, stream.endsWith("data: [DONE]\n\n"), output[0].content, prefix.body.tokens],
      [begun.choices, begun.usage],
      missing,
    ];
  } finally {
    await server.stop();
  }
}

it("L8: under the oldest compatibility date every form of a turn is what it is under the current one", async () => {
  expect(OLDEST < CURRENT).toBe(true);
  const current = await seen(CURRENT);
  expect((current[1] as Json)[1].prompt_tokens_details.cached_tokens).toBeGreaterThan(0);
  expect(await seen(OLDEST)).toEqual(current);
});
