/**
 * What many rows of one pass cost: single tokens of so many conversations, and as many tokens of one prompt,
 * which shows what the kernels do.
 *
 *     node bench/rows.ts [--depth 180] [--rounds 25]
 *
 * Conversations share the reading of the weights and nothing else: each has its own scan, its own convolution and
 * its own cache, and wants logits.
 */

import { commandLine } from "../scripts/command-line.ts";
import type { SharedStep } from "../src/backends/backend.ts";
import { slices } from "../src/dialogue/reply.ts";
import { cpuMs, median } from "./cpu.ts";
import { hybridPack, open, transformerPack } from "./models.ts";
import { idAt } from "./peers/protocol.ts";
import { figure, machine, table, writeSection } from "./section.ts";

const { values } = commandLine({
  depth: { type: "string", default: "180" },
  rounds: { type: "string", default: "25" },
});
const DEPTH = Number(values.depth);
const ROUNDS = Number(values.rounds);
const COUNTS = [1, 2, 4, 8, 16];
/** Room for all of them; an isolate of 128 MB has three memory slots. */
const MEMORY_BYTES = 1e9;

async function measure(name: string, pack: string): Promise<(string | number)[][]> {
  const { backend } = await open(pack, { maxBytes: MEMORY_BYTES });
  const ids = (from: number, count: number) =>
    Uint32Array.from({ length: count }, (_, i) => idAt(from + i, backend.vocab));
  const opened = async (who: number) => {
    const sequence = await backend.open();
    for (const { slice } of slices(ids(who, DEPTH), backend.sliceTokens)) await sequence.forward(slice, "none");
    return sequence;
  };
  const sequences = await Promise.all(Array.from({ length: Math.max(...COUNTS) }, (_, who) => opened(who)));
  const prompt = await opened(0);
  const times = new Map<string, number[]>();
  const note = (key: string, ms: number) => times.set(key, [...(times.get(key) ?? []), ms]);
  for (let round = 0; round <= ROUNDS; round++)
    for (const count of COUNTS) {
      const steps = sequences
        .slice(0, count)
        .map((sequence, i): SharedStep => ({ sequence, ids: ids(round + i, 1), want: "last" }));
      const shared = await cpuMs(() => backend.forwardMany!(steps));
      const slice = await cpuMs(() => prompt.forward(ids(round, count), "last"));
      if (round === 0) continue;
      note(`shared ${count}`, shared);
      note(`slice ${count}`, slice);
    }
  const speed = (key: string, count: number, of: (ms: number[]) => number) => (1000 * count) / of(times.get(key)!);
  const best = (ms: number[]) => Math.min(...ms);
  return COUNTS.map((count) => [
    ...[name, count, figure(speed(`shared ${count}`, count, best)), figure(speed(`shared ${count}`, count, median))],
    `${figure(speed(`shared ${count}`, count, best) / speed("shared 1", 1, best))}×`,
    ...[figure(speed(`slice ${count}`, count, best)), figure(speed(`slice ${count}`, count, median))],
  ]);
}

const rows = [...(await measure("default hybrid", hybridPack)), ...(await measure("transformer", transformerPack))];
writeSection(
  "node bench/rows.ts",
  `## Rows of one pass

\`node bench/rows.ts\`: single tokens of so many conversations at position ${DEPTH} in one pass, and a slice of as many tokens of one prompt; tokens per second of CPU time, best and median of ${ROUNDS} rounds. ${machine()}

${table(["model", "rows", "conversations: best", "median", "to one alone", "one prompt: best", "median"], rows)}`,
);
