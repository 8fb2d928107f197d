import { expect, it } from "vitest";
import type { Ring, StateTensor } from "../../src/backends/backend.ts";
import { decodeApart, decodeState, encodeState, layOutParts, type NewStretch } from "../../src/state/codec.ts";
import type { ConversationState } from "../../src/state/state.ts";
import type { Stretch } from "../../src/state/stretches.ts";
import { encodeParts } from "../support/state-parts.ts";

const fingerprint = "ab".repeat(32);
const sampler = { generator: [1], recent: [], reply: [] };
/** Two rings that are told together, a longer one without sinks that is told apart, and scales beside one. */
const rings: Record<string, Ring & { width: number }> = {
  "a.keys": { sinks: 2, slots: 12, width: 3 },
  "b.keys": { sinks: 2, slots: 20, width: 2 },
  "c.keys": { sinks: 0, slots: 100, width: 4 },
  "c.scales": { sinks: 0, slots: 100, width: 1 },
};

/** As an engine has it after so many positions: of each its slot, which says the position and the tensor. */
function stateOf(position: number): ConversationState {
  const cached = Object.entries(rings).map(([name, { sinks, slots, width }], n): StateTensor => {
    const held = Math.min(position, sinks + slots);
    const data = new Uint8Array(held * width);
    for (let at = 0; at < position; at++) {
      const slot = at < sinks ? at : sinks + ((at - sinks) % slots);
      for (let i = 0; i < width; i++) data[slot * width + i] = 7 * at + 31 * n + i;
    }
    return { name, dtype: "int8", shape: [held, width], data, ring: { sinks, slots } };
  });
  const scan = {
    name: "scan",
    dtype: "f32" as const,
    shape: [2],
    data: new Uint8Array(Float32Array.of(position, 1).buffer),
  };
  return { fingerprint, position, pending: [], sampler, tensors: [scan, ...cached] };
}

type Known = Stretch & { data: Uint8Array<ArrayBuffer> };
const cut = (position: number, known: readonly Known[], mostBytes = 100) =>
  encodeParts<Known>(stateOf(position), "exact", known, mostBytes);
const whole = (bytes: Uint8Array, stretches: readonly NewStretch[]) =>
  decodeState(bytes, fingerprint, { stretches: stretches.map(({ data }) => data) });

it.each([
  ["one by one", [1]],
  ["by turns", [17, 3, 40]],
  ["by more than the rings hold", [5, 130, 250, 1]],
])("a state that grows %s is the same in parts as whole", (_, steps) => {
  let known: Known[] = [];
  let position = 0;
  for (let n = 0; position < 400; n++) {
    position += steps[n % steps.length]!;
    const { bytes, stretches } = cut(position, known);
    expect(encodeState(whole(bytes, stretches)), `${position} positions`).toEqual(encodeState(stateOf(position)));
    for (const { data, to, kind } of stretches) {
      expect(data.length).toBeLessThanOrEqual(100);
      // What no cache sees any more is not kept: the longest rings of the two kinds.
      expect(to).toBeGreaterThan(position - [100, 20][kind]!);
    }
    known = stretches;
  }
});

/** Of a state in parts what an engine is given, and how many bytes of storage lay beside each other at most. */
function filled(bytes: Uint8Array<ArrayBuffer>, stretches: readonly NewStretch[]) {
  const own = bytes.slice();
  const given = [own];
  let most = own.length;
  const read = (n: number) => {
    given.push(stretches[n]!.data.slice());
    most = Math.max(
      most,
      given.reduce((sum, { length }) => sum + length, 0),
    );
    return given.at(-1)!;
  };
  const state = decodeApart(own, fingerprint, { count: stretches.length, read });
  const scan = state.tensors[0]!.data.slice();
  const rooms = new Map(
    stateOf(state.position)
      .tensors.slice(1)
      .map(({ name, data }) => [name, data.fill(9)]),
  );
  state.fill!(rooms);
  const left = given.reduce((sum, { length }) => sum + length, 0);
  return { data: [scan, ...rooms.values()], most, left };
}

it.each([1, 2, 30, 150, 399])(
  "fills an engine's rings after %i positions from one stretch after another",
  (position) => {
    const { bytes, stretches } = cut(position, position > 30 ? cut(position - 20, []).stretches : [], 1);
    const { data, most, left } = filled(bytes, stretches);
    expect(data).toEqual(stateOf(position).tensors.map((tensor) => tensor.data));
    expect(most).toBe(Math.max(bytes.length, ...stretches.map((stretch) => stretch.data.length)));
    expect(left).toBe(0);
  },
);

it("V1, V2: refuses to fill rings from stretches that are damaged, in another order, too few or too many", () => {
  const { bytes, stretches } = cut(150, []);
  const flipped = stretches[1]!.data.slice();
  flipped[3]! ^= 1;
  const wrong = [
    stretches.with(1, { ...stretches[1]!, data: flipped }),
    stretches.toReversed(),
    stretches.slice(1),
    [...stretches, stretches[0]!],
  ];
  for (const given of wrong) expect(() => filled(bytes, given)).toThrow(/^state: /);
});

it("keeps nothing of a state that was read where its stretches are kept", () => {
  const { bytes, stretches } = cut(30, []);
  const read = whole(bytes, stretches);
  expect(read.stretches?.length).toBeGreaterThan(0);
  for (const { checksum } of read.stretches!) expect(checksum.buffer).not.toBe(bytes.buffer);
});

it("writes what is new, and names the rest", () => {
  const { stretches: before } = cut(30, []);
  const { stretches } = cut(34, before);
  const added = stretches.filter((stretch) => !before.includes(stretch));
  expect(added.map(({ kind, from, to }) => [kind, from, to])).toEqual([
    [1, 30, 34],
    [0, 30, 34],
  ]);
  expect(cut(34, stretches).stretches).toEqual(stretches);
});

it("does not grow with the number of turns: past a hundred stretches the caches are written anew", () => {
  let known: Known[] = [];
  let most = 0;
  for (let position = 1; position <= 700; position++) {
    known = cut(position, known, 500).stretches;
    most = Math.max(most, known.length);
  }
  expect(most).toBeLessThanOrEqual(101);
});

it("a state that fits is written whole", () => {
  expect(cut(34, [], 10_000)).toEqual({ bytes: encodeState(stateOf(34)), stretches: [] });
});

it("V1, V2: refuses stretches that are damaged, of others, in another order, too few and too many", () => {
  const { bytes, stretches } = cut(150, []);
  const refused = (given: readonly Uint8Array[], of = bytes) => {
    expect(() => decodeState(of, fingerprint, { stretches: given })).toThrow(/^state: /);
  };
  const data = stretches.map((stretch) => stretch.data);
  for (const [n, each] of data.entries()) {
    const flipped = each.slice();
    flipped[n % flipped.length]! ^= 1;
    refused(data.with(n, flipped));
  }
  refused(data.toReversed());
  refused(data.slice(1));
  refused([...data, data[0]!]);
  refused([]);
  refused(data, encodeState(stateOf(150)).with(4, 4));
  refused(cut(151, []).stretches.map((stretch) => stretch.data));
});

it("V1, V2: refuses every flipped bit of what names the stretches, and every truncation", () => {
  const { bytes, stretches } = cut(150, []);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => whole(flipped, stretches), `bit ${bit}`).toThrow(/^state: /);
  }
  for (let n = 0; n < bytes.length; n++) expect(() => whole(bytes.slice(0, n), stretches)).toThrow(/^state: /);
  expect(() => whole(new Uint8Array([...bytes, 0]), stretches)).toThrow(/^state: /);
});

it("a state's own bytes can be had part by part from where they lie, and are then those of the whole", () => {
  const slots = 3100;
  const ring = { sinks: 4, slots: 4000 };
  const data = Uint8Array.from({ length: slots * 256 }, (_, at) => at >> 8);
  const keys: StateTensor = { name: "keys", dtype: "int8", shape: [slots, 256], data, ring };
  const fixed: StateTensor = { name: "fixed", dtype: "f32", shape: [5000], data: new Uint8Array(20_000).fill(7) };
  const state = { ...stateOf(1), position: slots, tensors: [fixed, keys] };
  const { bytes } = layOutParts<Known>(state, "exact", [], 300_000);
  const whole = encodeParts<Known>(state, "exact", [], 300_000).bytes;
  expect(bytes.length).toBe(whole.length);
  for (const size of [1000, 7001, 20_000, whole.length, 100_000]) {
    const parts: Buffer[] = [];
    for (let from = 0; from < bytes.length; from += size) parts.push(Buffer.from(bytes.subarray(from, from + size)));
    expect(parts.every(({ length }, n) => length === Math.min(size, whole.length - n * size))).toBe(true);
    expect(Buffer.concat(parts).equals(whole)).toBe(true);
  }
});

it("long stretches of a state are written one by one, before its own bytes are made, and short ones with it", () => {
  const slots = 3100;
  const ring = { sinks: 0, slots: 4000 };
  const data = Uint8Array.from({ length: slots * 256 }, (_, at) => at >> 8);
  const keys: StateTensor = { name: "keys", dtype: "int8", shape: [slots, 256], data, ring };
  const state = { ...stateOf(1), position: slots, tensors: [keys] };
  const together = encodeParts<Known>(state, "exact", [], 300_000);
  const put: { data: Uint8Array; copy: Uint8Array<ArrayBuffer>; others: number }[] = [];
  const apart = encodeParts<Known>(state, "exact", [], 300_000, ({ data, ...rest }) => {
    put.push({ data, copy: data.slice(), others: put.reduce((sum, before) => sum + before.data.length, 0) });
    return { ...rest, data: put.at(-1)!.copy };
  });
  expect(put.map(({ copy, others, data }) => [copy.length > 250_000, others, data.length])).toEqual([
    [true, 0, 0],
    [true, 0, 0],
  ]);
  expect(apart.stretches.length).toBe(3);
  expect(apart.bytes).toEqual(together.bytes);
  expect(apart.stretches.map(({ data }) => Buffer.from(data).toString("base64"))).toEqual(
    together.stretches.map(({ data }) => Buffer.from(data).toString("base64")),
  );
});
