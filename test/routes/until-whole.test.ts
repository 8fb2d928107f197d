import { expect, it, vi } from "vitest";
import { LATE } from "../../durable-objects/platform/late-json.ts";
import { untilWhole } from "../../src/routes/until-whole.ts";

/** A reply that was begun early: these pieces, and then its end, or a break. */
const late = (pieces: string[], { breaks = false } = {}): Response => {
  const left = pieces.map((piece) => new TextEncoder().encode(piece));
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = left.shift();
      if (piece) controller.enqueue(piece);
      else if (breaks) controller.error(new Error("the object was reset"));
      else controller.close();
    },
  });
  return new Response(body, { headers: { [LATE]: "1", "content-type": "application/json" } });
};

it("asks again for a reply that broke off behind its spaces, and goes on with what came of it", async () => {
  const ask = vi.fn(async () => late([" ", '{"text":', '"whole"}']));
  const reply = untilWhole(late([" ", " "], { breaks: true }), ask);
  expect(reply.headers.has(LATE)).toBe(false);
  expect(reply.headers.get("content-type")).toBe("application/json");
  expect(await reply.text()).toBe('   {"text":"whole"}');
  expect(ask).toHaveBeenCalledTimes(1);
});

it.each([
  ["that had said something", [" ", '{"text":'], () => late(["{}"])],
  ["that is refused when it is asked for again", [" "], () => new Response("{}", { status: 503 })],
  ["that breaks off each time", [" "], () => late([" "], { breaks: true })],
])("breaks off with a reply %s", async (_, pieces, again) => {
  const ask = vi.fn(async () => again());
  await expect(untilWhole(late(pieces, { breaks: true }), ask).text()).rejects.toThrow("the object was reset");
  expect(ask.mock.calls.length).toBeLessThanOrEqual(3);
});

it("leaves the object's reply when its client leaves, and passes on a reply that was whole when it came", async () => {
  const leave = vi.fn();
  const body = new ReadableStream({ cancel: leave });
  await untilWhole(new Response(body, { headers: { [LATE]: "1" } }), async () => late([])).body!.cancel();
  expect(leave).toHaveBeenCalled();
  const known = Response.json({ text: "whole" });
  expect(untilWhole(known, async () => late([]))).toBe(known);
});
