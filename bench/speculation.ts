/**
 * Guessing ahead by prompt lookup: tokens per second with and without, where a reply quotes and where it is free.
 *
 *     node bench/speculation.ts [pack]
 *
 * The same turn through `reply`, in alternation; the ids must be the same, or it fails.
 */
import assert from "node:assert/strict";
import { commandLine } from "../scripts/command-line.ts";
import { compiledKernels } from "../src/cli/kernels.ts";
import { loadServed, type Served } from "../src/dialogue/load.ts";
import { reply } from "../src/dialogue/reply.ts";
import { Sampler } from "../src/sampling/sampler.ts";
import { greedy, type Sampling } from "../src/sampling/sampling.ts";
import { folderSource } from "../src/weights/folder-source.ts";
import { cpuMs, median } from "./cpu.ts";
import { hybridPack } from "./models.ts";
import { figure, machine, table, writeSection } from "./section.ts";

const ROUNDS = 5;
const TOKENS = 128;

const passage = `The river rises in the hills above the old mill and runs for forty miles before it meets the sea. In the spring, when the snow melts,
it carries branches, stones and sometimes whole trees down into the valley. Farmers who live along its banks have learned to build their
barns on higher ground. In the summer the water is low and clear, and children cross it on foot. The bridge at Harrow was built in 1782 by
two brothers who had never built a bridge before, and it has stood ever since without a single repair.`;

const tasks: { name: string; text: string; sampling: Sampling }[] = [];
const sampled: Sampling = { ...greedy, temperature: 0.7, topP: 0.95 };
for (const [name, text] of [
  ["quoting", `Repeat the following text word for word:\n\n${passage}`],
  ["free", "Tell me about the life of bees and why they matter."],
  ["free", "Write a short story about a lighthouse keeper who finds a letter."],
  ["free", "What should I think about when I plan a garden?"],
] as const)
  tasks.push(
    { name: `${name}, greedy`, text, sampling: greedy },
    { name: `${name}, temperature 0.7`, text, sampling: sampled },
  );

async function run(served: Served, text: string, sampling: Sampling, guessing: boolean) {
  const { backend } = served;
  const sequence = await backend.open();
  let guesses = 0;
  let right = 0;
  const { guess, accept } = sequence;
  sequence.guess = (ids) => {
    guesses++;
    return guess!.call(sequence, ids);
  };
  sequence.accept = () => {
    right++;
    return accept!.call(sequence);
  };
  if (!guessing) Object.assign(sequence, { guess: undefined });
  const sampler = new Sampler(backend.vocab, undefined, 7);
  const feed = served.prompt.start([{ role: "user", content: text }]);
  const events = reply(served, sequence, sampler, feed, { sampling, maxTokens: TOKENS, stop: [], ignoreEos: false });
  const ids: number[] = [];
  const take = async (more: () => boolean) => {
    do {
      const { value, done } = await events.next();
      if (done) return;
      if (value.type === "token") ids.push(value.id);
    } while (more());
  };
  await take(() => ids.length === 0);
  const ms = await cpuMs(() => take(() => true));
  sequence.release();
  return { ids, ms, guesses, right };
}

const { positionals } = commandLine({}, [0, 1]);
const served = await loadServed(folderSource(positionals[0] ?? hybridPack), compiledKernels());
const rows: (string | number)[][] = [];
for (const { name, text, sampling } of tasks) {
  const times = { plain: [] as number[], guessing: [] as number[] };
  const ratios: number[] = [];
  let last!: Awaited<ReturnType<typeof run>>;
  for (let round = 0; round <= ROUNDS; round++) {
    const order = round % 2 ? [false, true] : [true, false];
    const made = new Map<boolean, Awaited<ReturnType<typeof run>>>();
    for (const guessing of order) made.set(guessing, await run(served, text, sampling, guessing));
    const [plain, guessing] = [made.get(false)!, made.get(true)!];
    assert.deepEqual(guessing.ids, plain.ids);
    last = guessing;
    if (round === 0) continue; // compiles
    times.plain.push(plain.ms);
    times.guessing.push(guessing.ms);
    ratios.push(plain.ms / guessing.ms);
  }
  const speed = (ms: number[]) => figure((1000 * (last.ids.length - 1)) / median(ms));
  const { ids, guesses, right } = last;
  rows.push([
    name,
    ids.length,
    guesses,
    right,
    speed(times.plain),
    speed(times.guessing),
    `${figure(median(ratios))}×`,
  ]);
}
writeSection(
  "node bench/speculation.ts",
  `## Guessing ahead

\`node bench/speculation.ts\`: one turn of the default pack with prompt lookup and without, in alternation, the same ids both times; at most ${TOKENS} tokens
after the first. Tokens per second of CPU time, medians of ${ROUNDS} rounds; the ratio is the median of the rounds' own. ${machine()}

${table(["task", "tokens", "guesses", "right ids", "tok/s without", "tok/s with", "ratio"], rows)}`,
);
