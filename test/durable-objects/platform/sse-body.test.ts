import { afterEach, expect, it, vi } from "vitest";
import { SseBody } from "../../../durable-objects/platform/sse-body.ts";

const present = new AbortController().signal;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
afterEach(() => void vi.useRealTimers());
const textOf = async (stream: SseBody) => new Response(stream.body).text();

it("S9: a quiet time is filled with comments, never longer than the heartbeat apart", async () => {
  vi.useFakeTimers();
  const stream = new SseBody(present, { heartbeatMs: 40 });
  const text = textOf(stream);
  await stream.send({ id: 0, data: { a: 1 } });
  vi.advanceTimersByTime(150);
  await stream.send({ id: 1, data: { a: 2 } });
  stream.end();
  expect((await text).replaceAll(/(: \n\n)+/g, "~")).toBe('id: 0\ndata: {"a":1}\n\n~id: 1\ndata: {"a":2}\n\n');
  expect((await text).split(": \n\n").length).toBeGreaterThan(3);
});

it("a busy stream has no comments", async () => {
  vi.useFakeTimers();
  const stream = new SseBody(present, { heartbeatMs: 60 });
  const text = textOf(stream);
  for (let i = 0; i < 12; i++) {
    await stream.send({ id: i, data: { i } });
    vi.advanceTimersByTime(10);
  }
  stream.end();
  expect(await text).not.toContain(": \n\n");
});

it("S6: the writer waits for a slow reader and holds no more than the buffer and one event", async () => {
  const stream = new SseBody(present, { bufferBytes: 100 });
  const reader = stream.body.getReader();
  let sent = 0;
  const writing = (async () => {
    for (; sent < 50; sent++) await stream.send({ id: sent, data: { text: "x".repeat(40) } });
    stream.end();
  })();
  await pause(30);
  expect(sent).toBeLessThan(4);
  while (!(await reader.read()).done);
  await writing;
  expect(sent).toBe(50);
});

it("S7: a reader that stands still is given up, and the writer goes on without it", async () => {
  const stream = new SseBody(present, { bufferBytes: 10, stallMs: 40 });
  await stream.send({ data: { text: "longer than the buffer" } });
  expect(stream.gone.aborted).toBe(true);
  await stream.send({ data: { more: true } });
  stream.end();
  await expect(stream.body.getReader().read()).rejects.toThrow("stood still");
});

it.each(["cancel", "signal", "early"])(
  "S1: a reader that leaves is noticed (%s), and ends the waiting",
  async (how) => {
    const client = new AbortController();
    if (how === "early") client.abort();
    const stream = new SseBody(client.signal, { bufferBytes: 10 });
    const writing = stream.send({ data: { text: "longer than the buffer" } });
    if (how === "cancel") await stream.body.cancel();
    if (how === "signal") client.abort();
    await writing;
    expect(stream.gone.aborted).toBe(true);
    await stream.send({ data: { more: true } });
    stream.end();
  },
);

it("leaving after the end changes nothing", async () => {
  const client = new AbortController();
  const stream = new SseBody(client.signal);
  const text = textOf(stream);
  await stream.send({ data: { a: 1 } });
  stream.end();
  stream.end();
  client.abort();
  expect(stream.gone.aborted).toBe(false);
  expect(await text).toBe('data: {"a":1}\n\n');
});
