import { expect, it } from "vitest";
import { Admission, hasRoomBeside, slotsFor } from "../../../durable-objects/model/admission.ts";
import { SingleFlight } from "../../../durable-objects/platform/single-flight.ts";
import { TurnLock } from "../../../durable-objects/platform/turn-lock.ts";
import { ENDLESS, type Sequence } from "../../../src/backends/backend.ts";

const present = new AbortController().signal;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const quick = { live: 2, waiting: 2, waitMs: 200, pollMs: 5 };

it("has as many memory slots as states fit beside the weights, at least one and at most four", () => {
  const backend = (memoryBytes: number, bytes: number) => ({
    memoryBytes,
    contextLength: 2048,
    stateBytes: (position: number) => (bytes / 1024) * position,
  });
  expect(slotsFor(backend(79e6, 5.5e6))).toBe(4);
  expect(slotsFor(backend(89e6, 5.4e6))).toBe(3);
  expect(slotsFor(backend(97e6, 5e6))).toBe(2);
  expect(slotsFor(backend(119e6, 50e6))).toBe(1);
  expect(slotsFor(backend(1e6, 1e3))).toBe(4);
});

it("has memory slots for many more in the memory of a machine, and never fewer than in an isolate", () => {
  const backend = {
    memoryBytes: 91e6,
    contextLength: 2048,
    stateBytes: (position: number) => 5e3 * Math.min(position, 1100),
  };
  expect(slotsFor(backend, 128e6)).toBe(slotsFor(backend));
  expect(slotsFor(backend, 129e6)).toBe(slotsFor(backend));
  expect(slotsFor(backend, 400e6)).toBe(40);
  expect(slotsFor(backend, 6e9)).toBe(64);
});

it("has room for more only where it costs no memory slot", () => {
  const sized = (memoryBytes: number) => ({ memoryBytes, contextLength: 2048, stateBytes: () => 5e6 });
  // 128 − 15.6 − 90.6 − 0.35 × 5 leave 20 for four slots, 24 leave 4 besides, and in a gigabyte 64
  // slots of 7 leave more than enough.
  expect([slotsFor(sized(90.6e6)), hasRoomBeside(sized(90.6e6), 128e6, 4e6)]).toEqual([4, false]);
  expect([slotsFor(sized(86.6e6)), hasRoomBeside(sized(86.6e6), 128e6, 4e6)]).toEqual([4, true]);
  expect(hasRoomBeside(sized(86.6e6), 128e6, 5e6)).toBe(false);
  expect([slotsFor(sized(90e6), 1e9), hasRoomBeside(sized(90e6), 1e9, 4e6)]).toEqual([64, true]);
  // 42 slots of 7 in 298.
  expect([slotsFor(sized(90e6), 406e6), hasRoomBeside(sized(90e6), 406e6, 4e6)]).toEqual([42, true]);
  expect([slotsFor(sized(90e6), 405e6), hasRoomBeside(sized(90e6), 405e6, 4e6)]).toEqual([42, false]);
});

it("counts a state that stops growing as it is when it is full", () => {
  const grows = (until: number) => ({
    memoryBytes: 91e6,
    contextLength: ENDLESS,
    stateBytes: (position: number) => 4096 * Math.min(position, until),
  });
  expect(slotsFor(grows(1000))).toBe(4);
  expect(slotsFor(grows(2000))).toBe(2);
});

it("has three memory slots for the default model in an isolate, and no fourth (docs/benchmarks.md)", () => {
  // Its memory without a conversation and a full state, as the engine says them (bench/isolate.ts).
  const [memoryBytes, state] = [89_391_104, 6_846_720];
  const slots = (less: number) =>
    slotsFor({ memoryBytes: memoryBytes - less, contextLength: ENDLESS, stateBytes: () => state });
  expect([slots(-0.1e6), slots(0), slots(6e6)]).toEqual([2, 3, 3]);
});

it("may be limited later, and lets those stay who are in", async () => {
  const admission = new Admission(quick);
  const [a] = await Promise.all([admission.enter({ owner: "a" }, present), admission.enter({ owner: "b" }, present)]);
  admission.limit(1);
  a.leave();
  expect(admission.tryEnter("c")).toBeUndefined();
  expect(admission.live).toBe(1);
});

it("admits so many at once, then in order of arrival, then fails with busy", async () => {
  const admission = new Admission(quick);
  const [a, b] = await Promise.all([
    admission.enter({ owner: "a" }, present),
    admission.enter({ owner: "b" }, present),
  ]);
  const order: string[] = [];
  const enter = async (owner: string) => {
    await admission.enter({ owner }, present);
    order.push(owner);
  };
  const [c, d] = [enter("c"), enter("d")];
  await expect(enter("e")).rejects.toMatchObject({ code: "busy" });
  expect(admission.tryEnter("f")).toBeUndefined();
  b.leave();
  b.leave();
  await c;
  expect(order).toEqual(["c"]);
  a.leave();
  await d;
  expect(admission.live).toBe(2);
});

it("gives up waiting after its time, and at once when the caller has gone", async () => {
  const admission = new Admission({ ...quick, live: 1 });
  await admission.enter({ owner: "a" }, present);
  await expect(admission.enter({ owner: "b" }, present)).rejects.toMatchObject({ code: "busy" });
  // Ten minutes: this test ends only if the caller's leaving ends the wait.
  const patient = new Admission({ ...quick, live: 1, waitMs: 600_000 });
  await patient.enter({ owner: "a" }, present);
  const caller = new AbortController();
  const waiting = patient.enter({ owner: "c" }, caller.signal);
  caller.abort();
  await expect(waiting).rejects.toMatchObject({ code: "busy" });
});

it("takes back the memory slot of a holder that vanished, and frees its memory", async () => {
  const admission = new Admission({ ...quick, live: 1, silentMs: 50 });
  const vanished = await admission.enter({ owner: "a" }, present);
  let released = 0;
  vanished.hold({ release: () => released++ } as unknown as Sequence);
  await admission.enter({ owner: "b" }, present);
  expect(released).toBe(1);
  expect(() => vanished.beat()).toThrow("lost its memory slot");
});

it("frees what the last instance of an object held", async () => {
  const admission = new Admission({ ...quick, live: 1 });
  await admission.enter({ owner: "a" }, present);
  admission.forget("a");
  expect(admission.live).toBe(0);
});

it("M6: many ask at once, one load runs; a failure goes to all and the next caller tries again", async () => {
  const flight = new SingleFlight<string>({ stalledMs: 60_000, pollMs: 5 });
  let loads = 0;
  const load = (result: () => string) => async () => {
    loads++;
    await pause(20);
    return result();
  };
  const failing = load(() => {
    throw new Error("no weights");
  });
  const failed = await Promise.allSettled(Array.from({ length: 20 }, () => flight.get(failing)));
  expect(failed.map(({ status }) => status)).toEqual(Array(20).fill("rejected"));
  expect(loads).toBe(1);
  const served = await Promise.all(Array.from({ length: 20 }, () => flight.get(load(() => "weights"))));
  expect(served).toEqual(Array(20).fill("weights"));
  expect(loads).toBe(2);
});

it("M6: another takes over a load that stands still", async () => {
  const flight = new SingleFlight<string>({ stalledMs: 40, pollMs: 5 });
  void flight.get(() => new Promise(() => {}));
  expect(await flight.get(async () => "taken over")).toBe("taken over");
});

it("I6: turns wait in order, a few, and not for ever", async () => {
  const lock = new TurnLock({ maxWaiting: 1, maxWaitMs: 30 });
  const first = await lock.acquire();
  const second = lock.acquire();
  await expect(lock.acquire()).rejects.toMatchObject({ code: "turn_in_progress" });
  first();
  first();
  const release = await second;
  await expect(lock.acquire()).rejects.toMatchObject({ code: "turn_in_progress" });
  release();
  (await lock.acquire())();
});

const from = (tenant: string, owner: string, patient = false) => ({ owner, tenant, patient });

it("tenants are let in in turn, and of a tenant its conversations: one with many makes only itself wait", async () => {
  const admission = new Admission({ live: 1, pollMs: 1, othersMs: 0 });
  const order: string[] = [];
  const first = await admission.enter(from("ann", "a0"), present);
  const wait = (asker: ReturnType<typeof from>) =>
    admission.enter(asker, present).then((slot) => {
      order.push(asker.owner);
      slot.leave();
    });
  const waiting = [wait(from("ann", "a1")), wait(from("ann", "a1")), wait(from("ann", "a2")), wait(from("bob", "b1"))];
  first.leave();
  await Promise.all(waiting);
  expect(order).toEqual(["b1", "a1", "a2", "a1"]);
});

it("a tenant's full queue refuses that tenant alone", async () => {
  const admission = new Admission({ live: 1, waiting: 1, pollMs: 1, waitMs: 50 });
  await admission.enter(from("ann", "a0"), present);
  const waiting = admission.enter(from("ann", "a1"), present).catch((thrown) => thrown.code);
  await expect(admission.enter(from("ann", "a2"), present)).rejects.toMatchObject({ code: "busy" });
  const other = admission.enter(from("bob", "b0"), present).catch((thrown) => thrown.message);
  expect(await waiting).toBe("busy");
  expect(await other).toContain("all memory slots");
});

it("while others come, no tenant holds all memory slots; alone it may", async () => {
  const admission = new Admission({ live: 3, pollMs: 1, waitMs: 20 });
  for (const owner of ["a1", "a2", "a3"]) (await admission.enter(from("ann", owner), present)).leave();
  const held = [];
  for (const owner of ["a1", "a2", "a3"]) held.push(await admission.enter(from("ann", owner), present));
  for (const slot of held) slot.leave();
  (await admission.enter(from("bob", "b1"), present)).leave();
  for (const owner of ["a1", "a2"]) await admission.enter(from("ann", owner), present);
  await expect(admission.enter(from("ann", "a3"), present)).rejects.toMatchObject({ code: "busy" });
  expect((await admission.enter(from("bob", "b1"), present)).asker.tenant).toBe("bob");
});

it("shared prefixes never hold the last memory slot", async () => {
  const admission = new Admission({ live: 2, pollMs: 1, waitMs: 20 });
  await admission.enter(from("ann", "p1", true), present);
  await expect(admission.enter(from("ann", "p2", true), present)).rejects.toMatchObject({ code: "busy" });
  await admission.enter(from("ann", "a1"), present);
  const only = new Admission({ live: 1, pollMs: 1 });
  await only.enter(from("ann", "p1", true), present);
});
