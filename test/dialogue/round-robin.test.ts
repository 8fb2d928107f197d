import { expect, it } from "vitest";
import type { Backend, Sequence, SharedStep } from "../../src/backends/backend.ts";
import { Failure } from "../../src/core/failure.ts";
import { computesFor, RoundRobin } from "../../src/dialogue/round-robin.ts";

/** A backend that notes who shared each pass. Sequences are named; one named "full" has no memory. */
function recorder() {
  const passes: string[] = [];
  const nameOf = ({ sequence }: SharedStep) => (sequence as unknown as { name: string }).name;
  const forwardMany = (turns: readonly SharedStep[]) => {
    if (turns.some((turn) => nameOf(turn) === "full")) throw new Failure("memory_exceeded", "full");
    passes.push(turns.map((turn) => `${nameOf(turn)}${turn.ids.length > 1 ? turn.ids.length : ""}`).join("+"));
    return turns.map(({ ids }) => Float32Array.of(ids[0]!));
  };
  const order = new RoundRobin({ forwardMany } as unknown as Backend);
  const sequence = (name: string) => ({ name }) as unknown as Sequence;
  return { passes, order, sequence };
}

const generate = async (order: RoundRobin, sequence: Sequence, tokens: number) => {
  for (let i = 0; i < tokens; i++) await order.forward(sequence, Uint32Array.of(i), "last");
};

it("lets single tokens that wait together share a pass, and gives each its own logits", async () => {
  const { passes, order, sequence } = recorder();
  const results = await Promise.all(
    [5, 6, 7].map((id, i) => order.forward(sequence("abc"[i]!), Uint32Array.of(id), "last")),
  );
  expect(passes).toEqual(["a+b+c"]);
  expect(results.map(([logit]) => logit)).toEqual([5, 6, 7]);
});

it("shares pass after pass while conversations go on", async () => {
  const { passes, order, sequence } = recorder();
  await Promise.all(["a", "b", "c"].map((name) => generate(order, sequence(name), 20)));
  expect(passes.length).toBeLessThanOrEqual(22);
});

const events = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

it("waits for those of the last pass, of whom an object of the runtime lets one back at each turn of its events", async () => {
  const { passes, order, sequence } = recorder();
  const late = async (name: string, yields: number) => {
    const own = sequence(name);
    for (let i = 0; i < 10; i++) {
      await order.forward(own, Uint32Array.of(i), "last");
      await events(yields);
    }
    order.leave(own);
  };
  await Promise.all([..."abcdefg"].map((name, n) => late(name, n)));
  expect(new Set(passes.map((pass) => pass.split("+").length))).toEqual(new Set([7]));
});

it("waits no longer than a moment for one that does not come back, and not at all for one that said so", async () => {
  const { passes, order, sequence } = recorder();
  let turns = 0;
  let going = true;
  const clock = async () => {
    for (; going; turns++) await events(1);
  };
  const ticking = clock();
  const [stays, gone, left] = ["a", "g", "l"].map(sequence) as [Sequence, Sequence, Sequence];
  const turnsOf = async (other: Sequence) => {
    await Promise.all([stays, other].map((one) => order.forward(one, Uint32Array.of(0), "last")));
    if (other === left) order.leave(left);
    const from = turns;
    await generate(order, stays, 1);
    return turns - from;
  };
  const short = await turnsOf(left);
  const long = await turnsOf(gone);
  going = false;
  await ticking;
  expect(passes).toEqual(["a+l", "a", "g+a", "a"]);
  expect(short).toBeLessThanOrEqual(2);
  expect(long).toBeGreaterThan(2);
  expect(long).toBeLessThanOrEqual(10);
});

it("takes the oldest first: a long prompt does not hold the others up, nor they it", async () => {
  const { passes, order, sequence } = recorder();
  const prompt = async () => {
    for (let i = 0; i < 6; i++) await order.forward(sequence("p"), new Uint32Array(32), "none");
  };
  await Promise.all([prompt(), generate(order, sequence("a"), 6), generate(order, sequence("b"), 6)]);
  const slices = passes.flatMap((pass, i) => (pass === "p32" ? [i] : []));
  expect(slices).toHaveLength(6);
  for (let i = 1; i < slices.length; i++) expect(slices[i]! - slices[i - 1]!).toBeLessThanOrEqual(2);
  expect(passes.filter((pass) => pass === "a+b").length).toBeGreaterThanOrEqual(5);
});

/** A prompt of so many rows, in slices of 32. */
const read = async (order: RoundRobin, sequence: Sequence, rows: number) => {
  for (let left = rows; left > 0; left -= 32) {
    const slice = new Uint32Array(Math.min(32, left));
    await order.forward(sequence, slice, left > 32 ? "none" : "last", { left: left - slice.length });
  }
};

it("reads prompts that come together one after another, so that half of them have ended when half of the work is done", async () => {
  const { passes, order, sequence } = recorder();
  await Promise.all([..."abcdefgh"].map((name) => read(order, sequence(name), 48)));
  const half = passes.slice(0, 8);
  expect(half.filter((pass) => pass.endsWith("16"))).toHaveLength(4);
  expect(half.slice(0, 4)).toEqual(["a32", "a16", half[2], half[2]!.replace("32", "16")]);
});

it("reads a short prompt before the rest of a long one, and tokens of a reply between slices of both", async () => {
  const { passes, order, sequence } = recorder();
  const long = read(order, sequence("l"), 32 * 20);
  while (passes.length < 4) await new Promise((resolve) => setImmediate(resolve));
  await Promise.all([read(order, sequence("s"), 96), generate(order, sequence("a"), 8), long]);
  const from = passes.indexOf("s32");
  const until = passes.lastIndexOf("s32");
  expect(passes.slice(from, until).filter((pass) => pass === "l32").length).toBe(0);
  const tokens = passes.flatMap((pass, i) => (pass === "a" ? [i] : []));
  expect(tokens).toHaveLength(8);
  for (let i = 1; i < tokens.length; i++) expect(tokens[i]! - tokens[i - 1]!).toBeLessThanOrEqual(3);
});

it("gives a long prompt one turn in nine beside ever new short ones", async () => {
  const { passes, order, sequence } = recorder();
  let going = true;
  const short = async (name: string) => {
    while (going) await read(order, sequence(name), 30);
  };
  const shorts = ["s", "t"].map(short);
  await read(order, sequence("l"), 32 * 10);
  going = false;
  await Promise.all(shorts);
  const turns = passes.flatMap((pass, i) => (pass === "l32" ? [i] : []));
  expect(turns).toHaveLength(10);
  for (let i = 1; i < turns.length; i++) expect(turns[i]! - turns[i - 1]!).toBeLessThanOrEqual(11);
  expect(turns.at(-1)! - turns[0]!).toBeGreaterThan(40);
});

it("shares among eight at most, and everyone gets as many steps", async () => {
  const { passes, order, sequence } = recorder();
  const names = [..."abcdefghijkl"];
  await Promise.all(names.map((name) => generate(order, sequence(name), 10)));
  for (const pass of passes) expect(pass.split("+").length).toBeLessThanOrEqual(8);
  const half = passes
    .slice(0, Math.ceil(passes.length / 2))
    .join("+")
    .split("+");
  const counts = names.map((name) => half.filter((one) => one === name).length);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
});

it("fails only the one at fault", async () => {
  const { order, sequence } = recorder();
  const one = (name: string) => order.forward(sequence(name), Uint32Array.of(9), "last");
  const [a, full, b] = await Promise.allSettled([one("a"), one("full"), one("b")]);
  expect([a!.status, full!.status, b!.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect((full as PromiseRejectedResult).reason).toBeInstanceOf(Failure);
});

it("R2: a tenant alone, whose events take it a moment, gets as many steps as one with two dozen conversations", async () => {
  const { passes, order, sequence } = recorder();
  let going = true;
  const loop = async (name: string, tenant: string, tokens: number) => {
    const own = sequence(name);
    computesFor(own, tenant);
    for (let i = 0; i < tokens && going; i++) {
      await order.forward(own, Uint32Array.of(i), "last");
      // What is told to a reader, and kept.
      for (let n = 0; n < 5; n++) await Promise.resolve();
    }
  };
  const many = Array.from({ length: 24 }, (_, i) => loop(`a${i}`, "ann", 1000));
  await loop("b", "bob", 40);
  going = false;
  await Promise.all(many);
  const until = passes.findLastIndex((pass) => pass.split("+").includes("b")) + 1;
  expect(until).toBeLessThan(2 * 40);
});

it("R2: a tenant's prompts count as the work that they are, and one that comes late is owed nothing", async () => {
  const { passes, order, sequence } = recorder();
  let going = true;
  const prompts = async (name: string) => {
    const own = sequence(name);
    computesFor(own, "ann");
    while (going) await order.forward(own, new Uint32Array(30), "none");
  };
  const many = ["p", "q", "r"].map(prompts);
  while (passes.length < 50) await new Promise((resolve) => setImmediate(resolve));
  const late = sequence("b");
  computesFor(late, "bob");
  const from = passes.length;
  await generate(order, late, 60);
  going = false;
  await Promise.all(many);
  const between = passes.slice(from, passes.lastIndexOf("b"));
  // A slice of 30 rows is six steps: it has its turn after six tokens, and not before.
  const slices = between.filter((pass) => pass !== "b").length;
  expect(slices).toBeGreaterThanOrEqual(8);
  expect(slices).toBeLessThanOrEqual(12);
});

it("R2: while another tenant is on its way back, steps are short, for its events wait for them; but not for ever", async () => {
  const { passes, order, sequence } = recorder();
  let going = true;
  const loop = async (name: string) => {
    const own = sequence(name);
    computesFor(own, "ann");
    while (going) await order.forward(own, Uint32Array.of(1), "last");
  };
  const many = [..."abcdefghijkl"].map(loop);
  const stepsUntil = async (count: number) => {
    while (passes.length < count) await new Promise((resolve) => setImmediate(resolve));
  };
  const rows = () => passes.map((pass) => pass.split("+").length);
  await stepsUntil(20);
  expect(Math.min(...rows().slice(2, 20)), "nobody else was there").toBe(8);
  const other = sequence("o");
  computesFor(other, "bob");
  await order.forward(other, Uint32Array.of(1), "last");
  const from = passes.length;
  await stepsUntil(from + 80);
  going = false;
  await Promise.all(many);
  expect(Math.max(...rows().slice(from, from + 25))).toBe(2);
  expect(Math.min(...rows().slice(from + 40, from + 80))).toBe(8);
});

it("R2: while another tenant is on its way back, slices of prompts come between shorter steps, and all of them come", async () => {
  const { passes, order, sequence } = recorder();
  let going = true;
  const loop = async (name: string, rows: number) => {
    const own = sequence(name);
    computesFor(own, "ann");
    while (going) await order.forward(own, new Uint32Array(rows), "none");
  };
  const other = sequence("o");
  computesFor(other, "bob");
  await order.forward(other, Uint32Array.of(1), "last");
  const many = [...[..."pqrs"].map((name) => loop(name, 30)), ...[..."abcd"].map((name) => loop(name, 1))];
  while (passes.length < 100) await new Promise((resolve) => setImmediate(resolve));
  going = false;
  await Promise.all(many);
  const isSlice = passes.map((pass) => /^[p-s]/.test(pass));
  const early = isSlice.slice(2, 30).filter(Boolean).length;
  expect(early).toBeGreaterThanOrEqual(6);
  expect(early).toBeLessThanOrEqual(8);
  expect(isSlice.slice(40, 100).filter(Boolean).length, "as it comes, when nobody is expected").toBeGreaterThan(20);
  for (const name of "pqrs") expect(passes).toContain(`${name}30`);
});

it("gives a sign of life as long as a sequence waits, and ends with what it throws when its place is gone", async () => {
  const { passes, order, sequence } = recorder();
  const [busy, patient, gone] = ["busy", "patient", "gone"].map((name) => sequence(name)) as [
    Sequence,
    Sequence,
    Sequence,
  ];
  let signs = 0;
  computesFor(busy, "ann");
  computesFor(patient, "ann", () => void signs++);
  computesFor(gone, "cat", () => {
    throw new Failure("busy", "taken back");
  });
  const prompts = Array.from({ length: 5 }, () => order.forward(busy, new Uint32Array(32), "none"));
  const last = order.forward(patient, new Uint32Array(32), "none");
  await expect(order.forward(gone, Uint32Array.of(1), "last")).rejects.toMatchObject({ code: "busy" });
  await Promise.all([...prompts, last]);
  expect(signs).toBeGreaterThan(0);
  expect(passes.join()).not.toContain("gone");
});
