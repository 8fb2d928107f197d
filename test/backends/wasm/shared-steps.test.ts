/** Conversations that share a step have the bits that they have alone. */
import { describe, expect, it } from "vitest";
import type { Sequence, SharedStep } from "../../../src/backends/backend.ts";
import { readGolden } from "../../support/golden.ts";
import { load } from "../packs.ts";

const goldens = [
  "bamba-groups2",
  "bamba-large-dt",
  "falcon_h1-plain",
  "granitemoehybrid-experts",
  "lfm2-plain",
  "llama-plain",
  "nemotron_h-plain",
  "zamba2-plain",
];
/** Tokens that each of four conversations feeds in each step: slices beside single tokens, and one that joins late. */
const steps = [
  [3, 1, 5, 0],
  [1, 1, 1, 1],
  [1, 4, 1, 1],
  [1, 1, 1, 1],
];

describe.each(goldens)("%s", (golden) => {
  it("gives logits and states that do not depend on who shares the step", async () => {
    const { backend } = await load(`golden/${golden}`);
    const { tokens } = readGolden(golden);
    const idsOf = (conversation: number, at: number, n: number) =>
      Uint32Array.from({ length: n }, (_, i) => tokens[(7 * conversation + at + i) % tokens.length]!);
    const open = () => Promise.all([0, 1, 2, 3].map(() => backend.open()));
    const together = await open();
    const alone = await open();
    for (const counts of steps) {
      const turns = counts.flatMap((n, i): (SharedStep & { i: number })[] =>
        n === 0
          ? []
          : [{ i, sequence: together[i]!, ids: idsOf(i, together[i]!.position, n), want: i === 1 ? "all" : "last" }],
      );
      const shared = backend.forwardMany!(turns);
      for (const [k, { i, ids, want }] of turns.entries())
        expect(shared[k], `conversation ${i}`).toEqual(await alone[i]!.forward(ids, want));
    }
    const bytes = async (sequence: Sequence) =>
      (await sequence.save()).map(({ data }) => Buffer.from(data).toString("hex"));
    for (const [i, sequence] of together.entries()) expect(await bytes(sequence)).toEqual(await bytes(alone[i]!));
  });

  it("leaves out rows without logits, and nothing else", async () => {
    const { backend } = await load(`golden/${golden}`);
    const ids = readGolden(golden).tokens.subarray(0, 6);
    const [all, last, none] = await Promise.all(["all", "last", "none"].map(() => backend.open()));
    const every = await all!.forward(ids, "all");
    expect(await last!.forward(ids, "last")).toEqual(every.slice(5 * backend.vocab));
    await none!.forward(ids, "none");
    const next = await all!.forward(ids.subarray(0, 1), "last");
    expect(await last!.forward(ids.subarray(0, 1), "last")).toEqual(next);
    expect(await none!.forward(ids.subarray(0, 1), "last")).toEqual(next);
  });
});

it("refuses a sequence of another engine, and one that comes twice", async () => {
  const [one, other] = [await load("golden/llama-plain"), await load("golden/llama-plain")];
  const turn = (sequence: Sequence): SharedStep => ({ sequence, ids: Uint32Array.of(1), want: "last" });
  const mine = await one.backend.open();
  const foreign = await other.backend.open();
  expect(() => one.backend.forwardMany!([turn(mine), turn(foreign)])).toThrow("another engine");
  expect(() => one.backend.forwardMany!([turn(mine), turn(mine)])).toThrow("twice");
  expect(mine.position).toBe(0);
});
