import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { weights } from "../../../../durable-objects/model/served-model.ts";
import { SocketWriter } from "../../../../durable-objects/platform/socket-writer.ts";
import { http } from "../../../support/chat-client.ts";
import { until } from "../../../support/gated-toy.ts";
import { newObjects } from "../../../support/new-objects.ts";
import { type Toy, toyServed } from "../../../support/toy-served.ts";

let toy: Toy;
beforeAll(async () => {
  toy = toyServed();
  await weights.get(async () => toy);
});
const open: WebSocket[] = [];
afterEach(() => {
  Object.assign(env, { API_KEYS: "", ALLOWED_ORIGINS: "" });
  for (const socket of open.splice(0)) socket.close();
});

// biome-ignore lint/suspicious/noExplicitAny: -- frames of many shapes
type Frame = any;
const digest = (key: string) => createHash("sha256").update(key).digest("hex");
const upgrade = (headers: Record<string, string> = {}) =>
  http("/v1/responses", { headers: { upgrade: "websocket", ...headers } });

class Client {
  readonly frames: Frame[] = [];
  closed: { code: number; reason: string } | undefined;
  readonly socket: WebSocket;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.accept();
    socket.addEventListener("message", ({ data }) => void this.frames.push(JSON.parse(String(data))));
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
    });
    open.push(socket);
  }

  send(message: object | string): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  async until(seen: (frame: Frame) => boolean): Promise<Frame> {
    const found = () => this.frames.find(seen);
    await until(() => found() !== undefined).catch((cause: unknown) => {
      throw new Error(`no such frame among ${JSON.stringify(this.frames).slice(0, 2000)}`, { cause });
    });
    return found()!;
  }

  /** Sends and takes all frames up to the last one. */
  async ask(fields: object): Promise<Frame[]> {
    this.frames.length = 0;
    this.send({ type: "response.create", model: "tiny", max_output_tokens: 6, ...fields });
    await this.until(({ type }) =>
      ["response.completed", "response.incomplete", "response.failed", "error"].includes(type),
    );
    return this.frames.splice(0);
  }
}

async function connect(headers: Record<string, string> = {}): Promise<Client> {
  const response = await upgrade(headers);
  expect(response.status).toBe(101);
  return new Client(response.webSocket!);
}
let own: () => Promise<DurableObjectId[]>;
beforeAll(async () => {
  own = await newObjects(env.SOCKET);
});
const sockets = async () => (await own()).map((id) => env.SOCKET.get(id));
const textOf = (frames: Frame[]) =>
  frames.flatMap(({ type, delta }) => (type === "response.output_text.delta" ? delta : [])).join("");

describe("GET /v1/responses as a WebSocket", () => {
  it("answers each message with the events of a response, numbered from 0", async () => {
    const client = await connect();
    const frames = await client.ask({ input: "hello" });
    expect(frames.map(({ sequence_number }) => sequence_number)).toEqual(frames.map((_, n) => n));
    expect(frames[0].type).toBe("response.created");
    const last = frames.at(-1).response;
    expect(last.output[0].content[0].text).toBe(textOf(frames));
    const stored = await http(`/v1/responses/${last.id}`);
    expect(await stored.json()).toMatchObject({ id: last.id, output: last.output });
  });

  it("names in its first frame what was without effect, as a reply over HTTP does in its header", async () => {
    const client = await connect();
    const schema = { type: "string", enum: ["a", "b"], surprising: 1 };
    const fields = {
      ...{ reasoning: { effort: "low" }, text: { format: { type: "json_schema", name: "x", schema } } },
      tools: [{ type: "web_search" }],
      input: [{ role: "user", content: "hello", cache_control: {} }],
    };
    const frames = await client.ask(fields);
    const names = "input[].cache_control, reasoning, tools[0]:web_search, text.format.schema.surprising";
    expect(frames[0]["x-rivulet-ignored"].split(", ").toSorted()).toEqual(names.split(", ").toSorted());
    expect(frames.slice(1).some((frame) => "x-rivulet-ignored" in frame)).toBe(false);
    const reply = await http("/v1/responses", { body: { model: "tiny", max_output_tokens: 6, ...fields } });
    expect(reply.headers.get("x-rivulet-ignored")).toBe(frames[0]["x-rivulet-ignored"]);
    expect((await client.ask({ input: "hello" }))[0]).not.toHaveProperty("x-rivulet-ignored");
  });

  it("takes a compaction in the place of what it stands for", async () => {
    const client = await connect();
    const first = (await client.ask({ input: "one" })).at(-1).response;
    const compacted = await http("/v1/responses/compact", { body: { model: "tiny", previous_response_id: first.id } });
    const { output } = await compacted.json<Frame>();
    const next = (await client.ask({ input: [...output, { role: "user", content: "two" }] })).at(-1).response;
    expect(next.usage.input_tokens_details.cached_tokens).toBe(first.usage.total_tokens - 1);
  });

  it("takes an input without answering it, computes nothing, and reads it with the next one", async () => {
    const client = await connect();
    const before = toy.fed.length;
    const warm = await client.ask({ input: "one", generate: false });
    expect(warm.map(({ type }) => type)).toEqual(["response.created", "response.in_progress", "response.completed"]);
    expect(warm.at(-1).response).toMatchObject({ status: "completed", output: [], usage: { output_tokens: 0 } });
    const empty = (await client.ask({ input: [], generate: false, store: false })).at(-1).response;
    expect([empty.status, toy.fed.length]).toEqual(["completed", before]);
    const next = (await client.ask({ input: "two", previous_response_id: warm.at(-1).response.id })).at(-1).response;
    const said = toy.prompt.start([
      { role: "user", content: "one" },
      { role: "user", content: "two" },
    ]);
    expect(next.usage.input_tokens).toBe(said.length);
    const nothing = (await client.ask({ input: [], generate: false })).at(-1).response;
    const first = (await client.ask({ input: "two", previous_response_id: nothing.id })).at(-1).response;
    expect(first.usage.input_tokens).toBe(toy.prompt.start([{ role: "user", content: "two" }]).length);
  });

  it("S13: goes on after hibernation, with who calls and with the model's state", async () => {
    Object.assign(env, { API_KEYS: `ann:${digest("key-a")}` });
    const client = await connect({ authorization: "Bearer key-a" });
    const first = (await client.ask({ input: "one" })).at(-1).response;
    for (const stub of await sockets()) await evictDurableObject(stub, { webSockets: "hibernate" } as never);
    const before = toy.fed.length;
    const second = (await client.ask({ input: "two", previous_response_id: first.id })).at(-1).response;
    expect(second.status).toBe("incomplete");
    expect(second.usage.input_tokens_details.cached_tokens).toBeGreaterThanOrEqual(first.usage.input_tokens);
    expect(toy.fed.length - before).toBeLessThan(first.usage.input_tokens + second.usage.output_tokens + 8);
  });

  it("S13: a key that was taken back closes the socket", async () => {
    Object.assign(env, { API_KEYS: `ann:${digest("key-a")}` });
    const client = await connect({ authorization: "Bearer key-a" });
    Object.assign(env, { API_KEYS: `bob:${digest("key-b")}` });
    client.send({ type: "response.create", model: "tiny", input: "one" });
    await until(() => client.closed !== undefined);
    expect(client.closed).toMatchObject({ code: 1008 });
  });

  it.each([
    ["no JSON", "{", { code: "request_invalid" }],
    ["an unknown type", { type: "session.update" }, { param: "type" }],
    [
      "a field out of bounds",
      { type: "response.create", model: "tiny", input: "x", temperature: 3 },
      { param: "temperature" },
    ],
    ["an unknown model", { type: "response.create", model: "gpt", input: "x" }, { code: "model_unknown" }],
    [
      "another's response",
      { type: "response.create", model: "tiny", input: "x", previous_response_id: `resp_${"a".repeat(48)}` },
      { code: "not_found", param: "previous_response_id" },
    ],
  ])("says in a frame what is wrong with %s, and stays open", async (_, message, error) => {
    const client = await connect();
    client.send(message);
    expect(await client.until(({ type }) => type === "error")).toMatchObject({ error, status: expect.any(Number) });
    client.frames.length = 0;
    expect(
      (await client.ask({ input: "still there?", stream_id: "lane" })).every(({ stream_id }) => stream_id === "lane"),
    ).toBe(true);
  });

  it("answers messages in the order in which they came", async () => {
    const client = await connect();
    for (const input of ["a", "b", "c"])
      client.send({ type: "response.create", model: "tiny", input, max_output_tokens: 4, stream_id: input });
    await client.until(({ type, stream_id }) => stream_id === "c" && type === "response.incomplete");
    const lanes = client.frames.map(({ stream_id }) => stream_id);
    expect(lanes).toEqual(lanes.toSorted());
  });

  it.each([1000, 3001, 4999])("S14: a close with code %i and the longest reason throws nowhere", async (code) => {
    const client = await connect();
    client.socket.close(code, "r".repeat(123));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect((await connect()).closed).toBeUndefined();
  });

  it("A10: pages of other origins are refused, those that are listed are not", async () => {
    const origin = "https://app.example";
    expect((await upgrade({ origin })).status).toBe(403);
    expect((await upgrade({ origin: "null" })).status).toBe(403);
    expect((await upgrade({ origin: "http://rivulet" })).status).toBe(101);
    Object.assign(env, { ALLOWED_ORIGINS: origin });
    expect((await upgrade({ origin })).status).toBe(101);
  });

  it("without an upgrade says what it expects, and keeps its attachment small", async () => {
    expect((await http("/v1/responses")).status).toBe(426);
    await connect();
    const sizes: number[] = [];
    for (const stub of await sockets()) {
      const work = (_: unknown, state: DurableObjectState) =>
        state.getWebSockets().map((socket) => JSON.stringify(socket.deserializeAttachment()).length);
      sizes.push(...((await runInDurableObject(stub as never, work as never)) as number[]));
    }
    expect(sizes.length).toBeGreaterThan(0);
    for (const size of sizes) expect(size).toBeLessThan(16 * 1024);
  });
});

describe("SocketWriter", () => {
  const socketOf = (unsent: () => number) => {
    const said = { sent: 0, code: 0, reason: "" };
    const socket = {
      get bufferedAmount() {
        return unsent();
      },
      send: () => void said.sent++,
      close: (code: number, reason: string) => Object.assign(said, { code, reason }),
    };
    return {
      said,
      writer: new SocketWriter(socket as unknown as WebSocket, { bufferBytes: 100, stallMs: 60, pollMs: 10 }),
    };
  };

  it("S8: waits while the other side is behind, and goes on when it has read", async () => {
    let unsent = 1000;
    const { writer, said } = socketOf(() => unsent);
    setTimeout(() => {
      unsent = 0;
    }, 25);
    await writer.send({ a: 1 });
    expect([unsent, said.code]).toEqual([0, 0]);
  });

  it("S8: who reads nothing is closed with 1013, and sent nothing more", async () => {
    const { writer, said } = socketOf(() => 1000);
    await writer.send({ a: 1 });
    await writer.send({ a: 2 });
    expect([said.sent, said.code, writer.gone.aborted]).toEqual([1, 1013, true]);
  });

  it("S14: a reason is cut to what a frame holds, at a character", () => {
    const { writer, said } = socketOf(() => 0);
    writer.close(1008, "é".repeat(100));
    expect(new TextEncoder().encode(said.reason).length).toBeLessThanOrEqual(123);
    expect(said.reason).toBe("é".repeat(61));
  });
});
