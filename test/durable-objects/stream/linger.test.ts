/** How long an object of a stream asks the runtime to leave it in memory. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Linger } from "../../../durable-objects/stream/linger.ts";
import { type Live, liveSequences } from "../../../durable-objects/stream/live-sequences.ts";

const MINUTE_MS = 60_000;
const owner = "a stream";

/** A state in memory, and what the object has asked to be waited for: how many of that are still awaited. */
function object(env: object) {
  const live = { sequence: { bytes: 1, release: () => {} } } as unknown as Live;
  liveSequences.put(owner, live, 1);
  let awaited = 0;
  const waitUntil = (work: Promise<unknown>): void => {
    awaited++;
    void work.then(() => awaited--);
  };
  return { linger: new Linger({ waitUntil } as never, env, owner), awaited: () => awaited };
}
const ownMachine = { MEMORY_BYTES: "4000000000" };

describe("an object that took a value", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    liveSequences.drop(owner);
    vi.useRealTimers();
  });

  it("stays for a minute after the latest value, asked for once", async () => {
    const { linger, awaited } = object(ownMachine);
    linger.heard();
    await vi.advanceTimersByTimeAsync(MINUTE_MS - 10_000);
    linger.heard();
    expect(awaited()).toBe(1);
    await vi.advanceTimersByTimeAsync(MINUTE_MS - 10_000);
    expect(awaited()).toBe(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(awaited()).toBe(0);
    linger.heard();
    expect(awaited()).toBe(1);
  });

  it("goes when its state has made room for others'", async () => {
    const { linger, awaited } = object(ownMachine);
    linger.heard();
    liveSequences.drop(owner);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(awaited()).toBe(0);
  });

  it.each([{}, { MEMORY_BYTES: "128000000" }])("never stays where memory is an isolate's, %o", (env) => {
    const { linger, awaited } = object(env);
    linger.heard();
    expect(awaited()).toBe(0);
  });
});
