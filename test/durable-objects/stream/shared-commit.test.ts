/** Streams that write at the same time: one commit for all, and each told whether it is on disk. */
import { afterEach, expect, it, vi } from "vitest";
import { type PackedRows, unpackedRows } from "../../../durable-objects/stream/ledger-store.ts";
import { SharedCommit } from "../../../durable-objects/stream/shared-commit.ts";

afterEach(() => {
  // In this order: what a spy puts back is the clock that it found.
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function ledgers(put: (rows: string[], name: string) => Promise<void>) {
  const puts: string[][] = [];
  const getByName = (name: string) => ({
    put(rows: PackedRows) {
      const streams = unpackedRows(rows).map(({ stream }) => stream);
      puts.push(streams);
      return put(streams, name);
    },
    entry: async () => undefined,
    erase: async () => {},
  });
  const env = { SESSION_KEY: "k", STREAM_LEDGER: { getByName } } as never;
  return { puts, of: (tenant = "local") => new SharedCommit(env, tenant) };
}
const row = (stream: string) => ({ stream, bytes: Uint8Array.of(1) });

it("writes what comes at the same time in one commit, each tenant's in its own", async () => {
  const { puts, of } = ledgers(async () => {});
  const written = ["a", "b", "c"].map((stream) => of().write(row(stream)));
  written.push(of("another").write(row("d")));
  expect(await Promise.all(written)).toEqual([true, true, true, true]);
  expect(puts.toSorted()).toEqual([["a", "b", "c"], ["d"]]);
  expect(await of().write(row("e"))).toBe(true);
  expect(puts.at(-1)).toEqual(["e"]);
});

it("tells everybody that it did not go well", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const { of } = ledgers(async () => {
    throw new Error("away");
  });
  expect(await Promise.all(["a", "b"].map((stream) => of().write(row(stream))))).toEqual([false, false]);
});

it("does not wait for a stream that gathered and was put away, and does not write without telling", async () => {
  vi.useFakeTimers();
  const { puts, of } = ledgers(async () => {});
  const commit = of();
  // What it waits for comes too late: its object was away.
  let send = () => {};
  vi.spyOn(globalThis, "setTimeout").mockImplementationOnce((work) => {
    send = work;
    return undefined as never;
  });
  const gatherer = commit.write(row("gone"));
  const follower = commit.write(row("b"));
  await vi.advanceTimersByTimeAsync(10_000);
  expect([await gatherer, await follower]).toEqual([false, false]);
  const next = commit.write(row("c"));
  await vi.advanceTimersByTimeAsync(1);
  expect(await next).toBe(true);
  send();
  await vi.advanceTimersByTimeAsync(1);
  expect(puts).toEqual([["c"]]);
});

it("waits for a ledger that does not answer as long as for one that is away, the one that asks it too", async () => {
  vi.useFakeTimers();
  const { puts, of } = ledgers(() => new Promise(() => {}));
  const answers: boolean[] = [];
  for (const stream of ["a", "b"])
    of()
      .write(row(stream))
      .then((isWritten) => answers.push(isWritten));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(answers).toEqual([false, false]);
  expect(puts).toEqual([["a", "b"]]);
});

it("writes nothing where no ledger is bound, and does not say that there is no entry", async () => {
  const commit = new SharedCommit({ SESSION_KEY: "k" } as never, "local");
  expect(await commit.write(row("a"))).toBe(false);
  await expect(commit.entry("a")).rejects.toMatchObject({ code: "storage_unavailable" });
  await expect(commit.erase("a")).rejects.toMatchObject({ code: "storage_unavailable" });
});
