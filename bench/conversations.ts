/**
 * Several conversations in one isolate: tokens per second of all together, and how evenly they are served.
 *
 *     node bench/conversations.ts
 *
 * Each has read 512 tokens and then generates; they wait for each other only as turns do (RoundRobin).
 * Counted until the first has finished.
 */
import type { Sequence } from "../src/backends/backend.ts";
import type { Loaded } from "../src/backends/load-model.ts";
import { slices } from "../src/dialogue/reply.ts";
import { RoundRobin } from "../src/dialogue/round-robin.ts";
import { Sampler } from "../src/sampling/sampler.ts";
import { greedy } from "../src/sampling/sampling.ts";
import { cpuMs } from "./cpu.ts";
import { hybridPack, open, transformerPack } from "./models.ts";
import { idAt } from "./peers/protocol.ts";
import { figure, machine, table, writeSection } from "./section.ts";

const ISOLATE_BYTES = 112 * 1024 * 1024;
const DEPTH = 512;
const TOKENS = 32;
const ROUNDS = 4;
const COUNTS = [1, 2, 4, 8];

interface Result {
  tokensPerSecond: number;
  fairness: number;
}

async function prepared({ backend }: Loaded, who: number): Promise<Sequence> {
  const sequence = await backend.open();
  const ids = Array.from({ length: DEPTH }, (_, i) => idAt(i + who, backend.vocab));
  for (const { slice } of slices(ids, backend.sliceTokens)) await sequence.forward(slice, "none");
  return sequence;
}

async function together({ backend }: Loaded, sequences: Sequence[], share: boolean): Promise<Result> {
  const shared = new RoundRobin(backend);
  const alone = new RoundRobin({ ...backend, forwardMany: undefined } as never);
  const counts = sequences.map(() => 0);
  let running = true;
  const generate = async (sequence: Sequence, i: number) => {
    const sampler = new Sampler(backend.vocab);
    let id = i;
    while (running) {
      const logits = await (share ? shared : alone).forward(sequence, Uint32Array.of(id), "last");
      id = sampler.choose(logits, greedy).id;
      if (running && ++counts[i]! === TOKENS) running = false;
    }
  };
  const ms = await cpuMs(() => Promise.all(sequences.map(generate)));
  const total = counts.reduce((a, b) => a + b, 0);
  return { tokensPerSecond: (1000 * total) / ms, fairness: Math.max(...counts) / Math.min(...counts) };
}

const packs = [
  ["default hybrid", hybridPack],
  ["transformer", transformerPack],
] as const;
const rows: (string | number)[][] = [];
for (const [name, pack] of packs) {
  const model = await open(pack, { maxBytes: ISOLATE_BYTES });
  const sequences: Sequence[] = [];
  try {
    while (sequences.length < 16) sequences.push(await prepared(model, sequences.length));
  } catch {
    sequences.pop()?.release(); // the last place stays free, as room for caches that grow
  }
  const most = sequences.length;
  const counts = [...new Set([...COUNTS.filter((n) => n < most), most])];
  const results = new Map<string, Result[]>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const n of counts) {
      for (const share of [true, false]) {
        const result = await together(model, sequences.slice(0, n), share);
        if (round > 0) results.set(`${n} ${share}`, [...(results.get(`${n} ${share}`) ?? []), result]);
      }
    }
  }
  const best = (n: number, share: boolean) => Math.max(...results.get(`${n} ${share}`)!.map((r) => r.tokensPerSecond));
  for (const n of counts) {
    const fairness = Math.max(...results.get(`${n} true`)!.map((r) => r.fairness));
    const shared = best(n, true);
    rows.push([
      name,
      n,
      figure(shared),
      `${figure(shared / best(1, true))}×`,
      figure(best(n, false)),
      figure(fairness),
    ]);
  }
}
writeSection(
  "node bench/conversations.ts",
  `## Several conversations in one isolate

\`node bench/conversations.ts\`: each has read ${DEPTH} tokens and generates; as many as an engine of ${ISOLATE_BYTES / 2 ** 20} MB holds. Tokens per second of CPU time,
best of ${ROUNDS} rounds in alternation; fairness is the most tokens of one over the fewest of another when the first has ${TOKENS}. ${machine()}

${table(["model", "conversations", "tok/s together", "to one alone", "tok/s without sharing", "max : min"], rows)}`,
);
