import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { lateJson } from "../../../durable-objects/platform/late-json.ts";
import { streamLimits } from "../../../durable-objects/platform/limits.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A value that comes when the test says so. */
function coming() {
  const { promise, resolve, reject } = Promise.withResolvers<object>();
  let certain = false;
  const leave = vi.fn();
  const late = { isCertain: () => certain, headers: () => ({ "x-of": "mine" }), leave };
  return {
    ...{ resolve, reject, leave, reply: lateJson(promise, late) },
    certain: () => {
      certain = true;
    },
  };
}
/** So much of a heartbeat goes by, and what it brings about is done. */
const pass = (beats: number) => vi.advanceTimersByTimeAsync(streamLimits.heartbeatMs * beats);

it("waits for what may still be refused, however long, and fails as it does", async () => {
  const [told, failed] = [coming(), coming()];
  const refused = expect(failed.reply).rejects.toThrow("no room");
  await pass(20);
  told.resolve({ a: 1 });
  failed.reject(new Error("no room"));
  const { response } = await told.reply;
  expect([response.headers.get("x-of"), await response.text()]).toEqual(["mine", '{"a":1}']);
  await refused;
  expect(vi.getTimerCount()).toBe(0);
});

it("begins with spaces where it lasts and is certain, and is the same JSON", async () => {
  const one = coming();
  one.certain();
  await pass(1);
  const { response, done } = await one.reply;
  const text = response.text();
  await pass(3);
  one.resolve({ a: 1 });
  await done;
  expect(await text).toMatch(/^ {4,}\{"a":1\}$/);
  expect([response.status, response.headers.get("x-of"), response.headers.get("content-type")]).toEqual([
    ...[200, "mine", "application/json"],
  ]);
  expect([one.leave.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0]);
});

it("says that the client has left, and then writes nothing more", async () => {
  const one = coming();
  one.certain();
  await pass(1);
  const { response, done } = await one.reply;
  await response.body!.cancel();
  expect([one.leave.mock.calls.length, vi.getTimerCount()]).toEqual([1, 0]);
  one.resolve({ a: 1 });
  await done;
});

it("breaks off where the value fails after the status was sent", async () => {
  const one = coming();
  one.certain();
  await pass(1);
  const { response, done } = await one.reply;
  const text = expect(response.text()).rejects.toThrow("lost");
  one.reject(new Error("lost"));
  await done;
  await text;
  expect(vi.getTimerCount()).toBe(0);
});
