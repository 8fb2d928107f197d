/**
 * The server fetches nothing that a caller names: an address in any field of any route is text, or
 * refused, and nobody is asked there.
 */
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { operationsOf, type Schema, sampleOf } from "../support/openapi-sample.ts";
import { type ToyServer, toyServer } from "../support/toy-server.ts";

let server: ToyServer;
let outside: Server;
let address: string;
const asked: string[] = [];

beforeAll(async () => {
  outside = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end("{}");
  });
  await new Promise<void>((resolve) => outside.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(outside.address() as { port: number }).port}/secret`;
  server = await toyServer();
});
afterAll(async () => {
  await server?.stop();
  outside.close();
});

const post = (path: string, body: string, type = "application/json") =>
  fetch(server.url + path, { method: "POST", headers: { "content-type": type }, body });

it("A9: the listener is heard when it is asked", async () => {
  await fetch(address);
  expect(asked.splice(0)).toEqual(["GET /secret"]);
});

it("A9: an address in any text of any route is asked by nobody", { timeout: 600_000 }, async () => {
  const api: Schema = await (await fetch(`${server.url}/openapi.json`)).json();
  const operations = operationsOf(api).filter(({ method, body }) => method === "POST" && body);
  expect(operations.length).toBeGreaterThan(15);
  for (const { path, body } of operations) {
    const filled = path.replace(/\{\w+\}/g, encodeURIComponent(address));
    const fixed = { model: "tiny", role: "user", max_tokens: 4 };
    const sent =
      body!.type === "application/json" ? JSON.stringify(sampleOf(api, body!.schema, address, fixed)) : address;
    const response = await post(filled, sent, body!.type);
    expect(response.status, `${path}: ${await response.text()}`).toBeLessThan(500);
  }
  expect(asked).toEqual([]);
});

it.each(["http", "file", "javascript", "http-mapped"])(
  "A9: nor one where clients put addresses: %s",
  async (scheme) => {
    const url =
      { http: address, file: "file:///etc/passwd", javascript: "javascript:1" }[scheme] ??
      `http://[::ffff:7f00:1]:${new URL(address).port}/x`;
    const parts = [
      { type: "image_url", image_url: { url } },
      { type: "input_image", image_url: url },
      { type: "input_file", file_url: url },
      { type: "image", source: { type: "url", url } },
      { type: "document", source: { type: "url", url } },
    ];
    for (const part of parts) {
      const message = { role: "user", content: [{ type: "text", text: "what is this?" }, part] };
      const bodies: [string, object][] = [
        ["/v1/chat/completions", { model: "tiny", max_tokens: 4, messages: [message] }],
        ["/v1/messages", { model: "tiny", max_tokens: 4, messages: [message] }],
        ["/v1/responses", { model: "tiny", max_output_tokens: 16, input: [{ ...message, content: [part] }] }],
        [
          "/v1/responses",
          {
            model: "tiny",
            max_output_tokens: 16,
            input: "x",
            tools: [{ type: "mcp", server_label: "x", server_url: url }],
          },
        ],
        ["/v1/conversations", { items: [{ ...message, type: "message", content: [part] }] }],
      ];
      for (const [path, body] of bodies) {
        const response = await post(path, JSON.stringify(body));
        const text = await response.text();
        // A tool of the caller's is named as one that has no effect.
        const expected = "tools" in body ? [200, 400] : [400];
        expect(expected, `${path} ${JSON.stringify(part)}: ${text}`).toContain(response.status);
      }
    }
    expect(asked).toEqual([]);
  },
);
