import { expect, it } from "vitest";
import {
  Admission,
  admission,
  admitTo,
  closeAdmission,
  forgetAsker,
} from "../../../durable-objects/model/admission.ts";
import type { MemorySlot } from "../../../durable-objects/model/memory-slot.ts";
import type { WarmState } from "../../../durable-objects/model/warm-states.ts";
import type { Backend, Sequence } from "../../../src/backends/backend.ts";

const present = new AbortController().signal;
const backend = {} as Backend;
const sampler = { generator: [1], recent: [], reply: [] };
/** Sequences that are open, by what they are called. */
const open = new Set<string>();
const opened = (name: string): Sequence => {
  open.add(name);
  return { release: () => void open.delete(name) } as Sequence;
};
/** A turn that finds nothing, and leaves a state with a tag. */
function leave(slot: MemorySlot, tag: string | undefined, name = tag!, of = backend): WarmState {
  const state = { tag, backend: of, sequence: slot.hold(opened(name)), sampler, stretches: [] };
  slot.leaveWarm(state);
  return state;
}
const enter = (to: Admission, owner: string, resumes = true) => to.enter({ owner, tenant: owner, resumes }, present);
/** The names of those that are open once the test's own admission is as given. */
const made = (limits = {}) => {
  open.clear();
  return new Admission({ live: 2, pollMs: 1, waitMs: 20, othersMs: 0, ...limits });
};

it("a state goes to the next turn of its object, with its tag, in its engine, once it is written", async () => {
  const to = made();
  leave(await enter(to, "a"), "t1");
  expect([to.live, open]).toEqual([0, new Set(["t1"])]);
  const slot = await enter(to, "a");
  expect(slot.takeWarm(backend, "t1")?.tag).toBe("t1");
  expect(slot.takeWarm(backend, "t1")).toBeUndefined();
  slot.leave();
  expect(open.size).toBe(0);
  // Nothing is known of a state whose write has not ended.
  const state = leave(await enter(to, "a"), undefined, "t2");
  const early = await enter(to, "a");
  expect(early.takeWarm(backend, undefined)).toBeUndefined();
  expect(open.size).toBe(0);
  early.leave();
  expect(state.tag).toBeUndefined();
});

it.each([
  ["has another tag", backend, "t2"],
  ["goes on from a state of an earlier release", backend, undefined],
  ["is of another engine", {} as Backend, "t1"],
])("a state is wiped when the next turn of its object %s", async (_, of, tag) => {
  const to = made();
  leave(await enter(to, "a"), "t1");
  const slot = await enter(to, "a");
  expect(open.size).toBe(1);
  expect(slot.takeWarm(of, tag)).toBeUndefined();
  expect(open.size).toBe(0);
});

it("a turn that fails before it asks, or that somebody else took the slot from, leaves nothing behind", async () => {
  const to = made({ silentMs: 0 });
  leave(await enter(to, "a"), "t1");
  (await enter(to, "a")).leave();
  expect(open.size).toBe(0);
  const vanished = await enter(to, "a");
  vanished.hold(opened("t2"));
  vanished.seenMs = 0;
  await enter(to, "b");
  expect(open.size).toBe(0);
  leave(await enter(to, "c"), "t3");
  vanished.leaveWarm({ tag: "t2", backend, sequence: opened("t2"), sampler, stretches: [] });
  expect((await enter(to, "a")).takeWarm(backend, "t2")).toBeUndefined();
});

it("another object never has it, and one turn of its own that goes on from nothing leaves it where it is", async () => {
  const to = made({ live: 3 });
  leave(await enter(to, "a"), "t1");
  expect((await enter(to, "b")).takeWarm(backend, "t1")).toBeUndefined();
  const fresh = await enter(to, "a", false);
  expect(fresh.takeWarm(backend, "t1")).toBeUndefined();
  expect((await enter(to, "a")).takeWarm(backend, "t1")?.tag).toBe("t1");
});

it("whoever is let in has the memory slot of the state that lies longest, at once, and nobody waits or is refused for one", async () => {
  const to = made({ waitMs: 0 });
  leave(await enter(to, "a"), "a");
  leave(await enter(to, "b"), "b");
  leave(await enter(to, "a"), "a2");
  expect(open).toEqual(new Set(["b", "a2"]));
  const c = await enter(to, "c");
  expect(open).toEqual(new Set(["a2"]));
  const d = await enter(to, "d");
  expect(open.size).toBe(0);
  c.leave();
  d.leave();
  leave(await enter(to, "a"), "a");
  leave(await enter(to, "b"), "b");
  expect(to.tryEnter("e")).toBeDefined();
  expect(open).toEqual(new Set(["b"]));
});

it("its own state is not what a turn's slot costs", async () => {
  const to = made();
  leave(await enter(to, "a"), "a");
  leave(await enter(to, "b"), "b");
  const slot = await enter(to, "a");
  expect(slot.takeWarm(backend, "a")?.tag).toBe("a");
  expect(open).toEqual(new Set(["a", "b"]));
});

it("where many may be in, those that nobody needs are four, or as many as were in at once", async () => {
  const to = made({ live: 64 });
  for (let n = 0; n < 9; n++) leave(await enter(to, `one ${n}`), `t${n}`);
  expect(open).toEqual(new Set(["t5", "t6", "t7", "t8"]));
  const slots = [];
  for (let n = 0; n < 6; n++) slots.push(await enter(to, `two ${n}`));
  expect(open.size).toBe(0);
  for (const [n, slot] of slots.entries()) leave(slot, `u${n}`);
  for (let n = 0; n < 3; n++) leave(await enter(to, `three ${n}`), `v${n}`);
  expect(open).toEqual(new Set(["u3", "u4", "u5", "v0", "v1", "v2"]));
  to.limit(1);
  expect(open).toEqual(new Set(["v2"]));
});

it("the memory can be asked for: the state that lies longest first", async () => {
  const to = made();
  leave(await enter(to, "a"), "a");
  leave(await enter(to, "b"), "b");
  expect([to.makeRoom(), [...open]]).toEqual([true, ["b"]]);
  expect([to.makeRoom(), to.makeRoom(), open.size]).toEqual([true, false, 0]);
});

it("a state that lies unused for long is wiped by whoever comes next", async () => {
  const to = made({ warmMs: -1 });
  leave(await enter(to, "a"), "a");
  expect(open.size).toBe(1);
  await enter(to, "b");
  expect(open.size).toBe(0);
});

it("a new instance of its object, and the end of its engine, wipe it", async () => {
  open.clear();
  const other = {} as Backend;
  for (const to of [admission, admitTo(other)]) leave(await enter(to, "a"), `${to === admission}`);
  expect(open.size).toBe(2);
  forgetAsker("a");
  expect(open.size).toBe(0);
  for (const to of [admission, admitTo(other)]) leave(await enter(to, "b"), `${to === admission}`);
  closeAdmission(other);
  expect(open).toEqual(new Set(["true"]));
  closeAdmission({});
  expect(open.size).toBe(0);
});

it("200 turns of ten objects leave two states, and each turn that finds its own goes on from it", async () => {
  const to = made();
  let found = 0;
  let random = 1;
  for (let n = 0; n < 200; n++) {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    const owner = `o${(random >>> 16) % 10}`;
    const slot = await enter(to, owner);
    const warm = slot.takeWarm(backend, `last of ${owner}`);
    if (warm) found++;
    const ended = random % 7;
    if (ended === 0) slot.leave();
    else leave(slot, `last of ${owner}`, `${n}`);
    // The state that was taken is the slot's own, so what a real turn leaves is that one.
    warm?.sequence.release();
    expect(open.size).toBeLessThanOrEqual(2);
  }
  expect(found).toBeGreaterThan(5);
  expect(to.live).toBe(0);
  to.clearWarm();
  expect(open.size).toBe(0);
});
