import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { afterEach, expect, it } from "vitest";
import { serverEvents } from "../../src/client/event-source.ts";
import { type ReplyEvent, replyTo } from "../../src/client/reply.ts";
import { Server } from "../../src/client/server.ts";

const WORDS = ["The ", "river ", "carries ", "on."];
const ID = `chatcmpl-${"0".repeat(32)}${"1".repeat(16)}`;
const request = { model: "m", conversation: "c", messages: [{ role: "user", content: "hi" }] };
const frame = (data: object, id?: number) =>
  `${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
/** Every event of a whole reply, as the server numbers them. */
const wire = [
  frame({ id: ID, choices: [{ delta: { role: "assistant", content: "" } }] }, 0),
  frame({ id: ID, choices: [], progress: { done: 1, total: 2 } }),
  ...WORDS.map((content, i) => frame({ id: ID, choices: [{ delta: { content } }] }, i + 1)),
  frame({ id: ID, choices: [{ delta: {}, finish_reason: "stop" }], timings: { state: "new" } }, 5),
  frame({ id: ID, choices: [], usage: { prompt_tokens: 9, completion_tokens: 4 } }, 6),
  "data: [DONE]\n\n",
];
/** What is left after event `after`. */
const rest = (after: number) => wire.slice(wire.findIndex((text) => text.startsWith(`id: ${after}\n`)) + 1);

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Answers each request with the next of `answers`; keeps what was asked. */
async function serverOf(...answers: Answer[]): Promise<{ server: Server; asked: string[]; keys: unknown[] }> {
  const asked: string[] = [];
  const keys: unknown[] = [];
  const http = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    keys.push(request.headers["idempotency-key"]);
    request.resume().on("end", () => (answers.shift() ?? refuses(404, "not_found"))(response, request));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  stops.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return { server: new Server(`http://127.0.0.1:${(http.address() as { port: number }).port}`), asked, keys };
}
const streams =
  (texts: string[], broken = false): Answer =>
  (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(texts.join(""), () => (broken ? response.destroy() : response.end()));
  };
const refuses =
  (status: number, code: string): Answer =>
  (response) =>
    response.writeHead(status).end(JSON.stringify({ error: { code, message: code } }));

async function follow(
  server: Server,
  response?: string,
): Promise<{ events: ReplyEvent[]; text: string; waits: number[] }> {
  const waits: number[] = [];
  const events: ReplyEvent[] = [];
  const wait = async (ms: number) => {
    waits.push(ms);
    if (waits.length > 5) throw new Error("tried too often");
  };
  const source = response === undefined ? { request } : { response };
  for await (const event of replyTo(server, source, { signal: new AbortController().signal, wait })) events.push(event);
  const text = events.map((event) => (event.type === "text" ? event.text : "")).join("");
  return { events, text, waits };
}

it("follows an answer to its end", async () => {
  const { server, asked } = await serverOf(streams(wire));
  const { events, text } = await follow(server);
  expect(text).toBe(WORDS.join(""));
  expect(events[0]).toEqual({ type: "accepted", response: ID, turn: "1".repeat(16) });
  expect(events[1]).toEqual({ type: "progress", done: 1, total: 2 });
  expect(events.at(-1)).toEqual({
    type: "end",
    reason: "stop",
    timings: { state: "new" },
    usage: { prompt_tokens: 9, completion_tokens: 4, cached_tokens: 0 },
  });
  expect(asked).toEqual(["POST /v1/chat/completions"]);
});

it("a connection that breaks anywhere costs no word and repeats none", async () => {
  for (let cut = 1; cut < wire.length; cut++) {
    const last = wire.slice(0, cut).findLast((text) => text.startsWith("id"))!;
    const { server, asked } = await serverOf(
      streams(wire.slice(0, cut), true),
      streams(rest(Number(last.slice(4, last.indexOf("\n"))))),
    );
    const { events, text } = await follow(server);
    expect(text, `cut after ${cut}`).toBe(WORDS.join(""));
    expect(events.at(-1), `cut after ${cut}`).toMatchObject({
      type: "end",
      reason: "stop",
      usage: { prompt_tokens: 9 },
    });
    expect(asked[1]).toMatch(new RegExp(`^GET /v1/chat/completions/${ID}\\?stream=true&starting_after=\\d+$`));
  }
});

it("a break inside an event's bytes is a break before it", async () => {
  const [first, second] = [wire.slice(0, 4).join(""), wire[4]!];
  const { server, asked } = await serverOf(
    streams([first, second.slice(0, second.length - 5)], true),
    streams(rest(2)),
  );
  expect((await follow(server)).text).toBe(WORDS.join(""));
  expect(asked[1]).toContain("starting_after=2");
});

it("before the first event the same request is sent again, with the same key", async () => {
  const dies: Answer = (response) => response.destroy();
  const { server, asked, keys } = await serverOf(dies, refuses(409, "turn_in_progress"), streams(wire));
  const { text, waits, events } = await follow(server);
  expect([text, waits.length]).toEqual([WORDS.join(""), 2]);
  expect(asked).toEqual(Array(3).fill("POST /v1/chat/completions"));
  expect(new Set(keys).size).toBe(1);
  expect(events.filter(({ type }) => type === "lost" || type === "back").map(({ type }) => type)).toEqual([
    "lost",
    "lost",
    "back",
  ]);
});

it("waits longer after each failure, and from the beginning after a success", async () => {
  const away: Answer = (response) => response.writeHead(503, { "retry-after": "7" }).end("away");
  const { server } = await serverOf(
    streams(wire.slice(0, 3), true),
    away,
    refuses(503, "busy"),
    streams([wire[3]!], true),
    streams(rest(2)),
  );
  const { waits, text } = await follow(server);
  expect(text).toBe(WORDS.join(""));
  expect(waits[1]).toBeGreaterThanOrEqual(7000);
  expect(waits[2]! / 4).toBeGreaterThan(waits[0]! / 2);
  expect(waits[3]).toBeLessThan(waits[2]!);
});

it("a connection that is known to be dead is left at once, and gone on from", async () => {
  const hangs: Answer = (response) => void response.writeHead(200).write(wire.slice(0, 4).join(""));
  const { server } = await serverOf(hangs, streams(rest(2)));
  const dead: AbortController[] = [];
  const broken = () => {
    dead.push(new AbortController());
    return dead.at(-1)!.signal;
  };
  let text = "";
  const { signal } = new AbortController();
  for await (const event of replyTo(server, { request }, { signal, wait: async () => {}, broken })) {
    if (event.type !== "text") continue;
    text += event.text;
    if (text === WORDS.slice(0, 2).join("")) dead[0]!.abort();
  }
  expect([text, dead.length]).toEqual([WORDS.join(""), 2]);
});

it("nothing is left of a finished reply that was read", async () => {
  const { server } = await serverOf((response) => response.writeHead(204).end());
  expect((await follow(server, ID)).events).toEqual([{ type: "end", reason: "" }]);
});

it("a refusal ends it with the server's own words", async () => {
  const { server } = await serverOf(refuses(400, "request_invalid"));
  await expect(follow(server)).rejects.toMatchObject({ code: "request_invalid" });
  const failed = frame({ error: { code: "context_length_exceeded", message: "too long" } }, 3);
  const { server: other } = await serverOf(streams([...wire.slice(0, 3), failed, "data: [DONE]\n\n"]));
  await expect(follow(other)).rejects.toMatchObject({ code: "context_length_exceeded", message: "too long" });
});

it("a connection that falls silent counts as broken", async () => {
  const silent = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(wire[0])),
  });
  const read = async () => {
    const events = [];
    for await (const event of serverEvents(silent, undefined, 30)) events.push(event);
    return events;
  };
  await expect(read()).rejects.toThrow("fell silent");
});
