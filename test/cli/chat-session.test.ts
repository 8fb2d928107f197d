/** A terminal chat's session against a server that refuses now and then. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ChatSession } from "../../src/cli/chat-session.ts";
import { Server } from "../../src/client/server.ts";

const ID = "0".repeat(48);
const asked: string[] = [];
let isRefusing = false;
/** Turns of the conversation once it has the answer. */
let turns = 2;
const server = createServer(async (request, response) => {
  const json = (status: number, body: object) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  let body = "";
  for await (const part of request) body += part;
  if (request.url!.includes("/turns"))
    return json(200, { data: [{ id: ID.slice(-16), conversations: ["mine"], parent: null }] });
  if (request.url === "/v1/conversations/mine") return json(200, { id: "mine", metadata: {}, rivulet: { turns } });
  if (request.url!.endsWith("/rewind")) return json(200, {});
  const { messages } = JSON.parse(body) as { messages: { content: string }[] };
  asked.push(messages.at(-1)!.content);
  if (isRefusing) return json(400, { error: { message: "seed: expected a number", code: "request_invalid" } });
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end(
    `data: ${JSON.stringify({ id: `chatcmpl-${ID}`, choices: [{ delta: { content: "yes" } }] })}\n\ndata: [DONE]\n\n`,
  );
});
let session: ChatSession;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  session = new ChatSession(new Server(url), { patienceMs: 0 });
  session.id = "mine";
});
afterAll(() => void server.close());

const say = async (content: string) => {
  const types: string[] = [];
  for await (const { type } of session.say(content, new AbortController().signal)) types.push(type);
  return types;
};

it("what is attached goes with the next message that the server has, and with none behind it", async () => {
  expect(await session.attach({ name: "notes.md", text: "The lamp is green." }, () => {})).toBe(
    "sent with the message",
  );
  isRefusing = true;
  await expect(say("Which colour?")).rejects.toThrow("seed: expected a number");
  isRefusing = false;
  await say("Which colour?");
  await say("And the door?");
  expect(asked.map((content) => content.includes("The lamp is green."))).toEqual([true, true, false]);
});

it("an answer that was given without the turns before it is known as that", async () => {
  await session.path();
  expect(await say("one")).toEqual(["accepted", "text", "end"]);
  turns = 1;
  expect(await say("two")).toEqual(["accepted", "text", "end", "anew"]);
  // It has a turn again, and this is the second.
  turns = 2;
  expect(await say("three")).not.toContain("anew");
  turns = 1;
  await session.rewind(0);
  expect(await say("from the beginning")).not.toContain("anew");
});
