/**
 * What it costs to keep a state in fewer bits: KL(exact ‖ rounded) and perplexity over dialogues, in which every turn
 * goes on from the state that the turn before has left, rounded each time.
 *
 *     node bench/rounding.ts [pack] [--dialogues 2] [--turns 24]
 *
 * The pack holds the dialogues itself, greedily; then each form reads the same ids. The last row reads them exactly,
 * but one by one: what the order of sums changes anyway.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import type { Sequence, StateTensor } from "../src/backends/backend.ts";
import { compiledKernels } from "../src/cli/kernels.ts";
import { loadServed } from "../src/dialogue/load.ts";
import { reply, slices } from "../src/dialogue/reply.ts";
import { fromHalf, toHalf } from "../src/kernels/half.ts";
import { Sampler } from "../src/sampling/sampler.ts";
import { greedy } from "../src/sampling/sampling.ts";
import { folderSource } from "../src/weights/folder-source.ts";
import { compareLogits } from "./divergence.ts";
import { usual } from "./memory-chat.ts";
import { table } from "./section.ts";

const { values, positionals } = commandLine(
  { dialogues: { type: "string", default: "2" }, turns: { type: "string", default: "24" } },
  [0, 1],
);
const [pack = "models/rivulet-150m"] = positionals;
const REPLY_TOKENS = 64;
const cases = JSON.parse(readFileSync(join(import.meta.dirname, "memory-cases.json"), "utf8")) as {
  recall: { tell: string; asks: { ask: string }[] }[];
  others: string[];
};
const served = await loadServed(folderSource(pack), compiledKernels());
const { backend, prompt } = served;

type Rounding = (values: Float32Array, width: number) => void;
const half: Rounding = (x) => x.set(Float32Array.from(x, (value) => fromHalf(toHalf(value))));
const brain: Rounding = (x) => {
  const bits = new Uint32Array(x.buffer);
  for (const [i, b] of bits.entries()) bits[i] = (b + 0x7fff + ((b >>> 16) & 1)) & 0xffff0000;
};
/** So many levels on either side of zero, in rows that share a scale. */
const levels =
  (most: number): Rounding =>
  (x, width) => {
    for (let row = 0; row < x.length; row += width) {
      let peak = 0;
      for (let i = row; i < row + width; i++) peak = Math.max(peak, Math.abs(x[i]!));
      const scale = Math.fround(peak / most);
      if (scale > 0) for (let i = row; i < row + width; i++) x[i] = Math.round(x[i]! / scale) * scale;
    }
  };
const exact: Rounding = () => {};

/** How the scan's states are rounded, and the convolutions' last inputs. */
const forms: Record<string, { scan: Rounding; conv: Rounding }> = {
  exact: { scan: exact, conv: exact },
  "scan in bf16": { scan: brain, conv: exact },
  "scan in f16": { scan: half, conv: exact },
  "scan and convolution in f16": { scan: half, conv: half },
  "scan in 8 bits a row, convolution in f16": { scan: levels(127), conv: half },
};
const ONE_BY_ONE = "exact, one by one";

function rounded({ name, shape, dtype, data }: StateTensor, { scan, conv }: (typeof forms)[string]): StateTensor {
  const rounding = name.endsWith(".ssm") ? scan : name.endsWith(".conv") ? conv : exact;
  if (rounding === exact) return { name, shape, dtype, data };
  const values = new Float32Array(data.slice().buffer);
  rounding(values, shape.at(-1)!);
  return { name, shape, dtype, data: new Uint8Array(values.buffer) };
}

/** Ids of each turn as the state reads them: what was pending, the prompt, and the reply but for its last id. */
async function dialogue(n: number, turns: number): Promise<number[][]> {
  const { tell, asks } = cases.recall[n % cases.recall.length]!;
  const others = Array.from({ length: turns }, (_, i) => cases.others[(7 * n + i) % cases.others.length]!);
  const said = [tell, ...others.slice(2), asks[0]!.ask];
  const sequence = await backend.open();
  const sampler = new Sampler(backend.vocab, undefined, 0);
  const { repetitionPenalty } = usual(served);
  const options = { sampling: { ...greedy, repetitionPenalty }, maxTokens: REPLY_TOKENS, stop: [], ignoreEos: false };
  const read: number[][] = [];
  let pending: number[] = [];
  let closed = false;
  for (const [i, content] of said.entries()) {
    const messages = [{ role: "user" as const, content }];
    const feed: number[] = i === 0 ? prompt.start(messages) : prompt.append({ hasSystem: true, closed }, messages);
    const ids = [...pending, ...feed];
    const answer: number[] = [];
    for await (const event of reply(served, sequence, sampler, ids, options)) {
      if (event.type === "token") answer.push(event.id);
      if (event.type === "end") closed = event.reason === "stop";
    }
    read.push([...ids, ...answer.slice(0, -1)]);
    pending = answer.slice(-1);
  }
  sequence.release();
  return read;
}

class Sums {
  tokens = 0;
  first = 0;
  firstTokens = 0;
  divergence = 0;
  largest = 0;
  sameBest = 0;
  nll = 0;
  known = 0;
}

const sums = new Map([...Object.keys(forms), ONE_BY_ONE].map((name) => [name, new Sums()]));

/** Logits (T, V) of one turn's ids. */
async function readTurn(sequence: Sequence, ids: readonly number[], most: number): Promise<Float32Array> {
  const V = backend.vocab;
  const out = new Float32Array(ids.length * V);
  for (const { slice, done } of slices(ids, most))
    out.set(await sequence.forward(slice, "all"), (done - slice.length) * V);
  return out;
}

function compare(
  sum: Sums,
  expected: Float32Array,
  got: Float32Array,
  ids: readonly number[],
  next: number | undefined,
): void {
  const V = backend.vocab;
  for (const [t] of ids.entries()) {
    const logits = (of: Float32Array) => of.subarray(t * V, (t + 1) * V);
    const compared = compareLogits(logits(expected), logits(got));
    const { divergence } = compared;
    sum.tokens++;
    sum.divergence += divergence;
    sum.largest = Math.max(sum.largest, divergence);
    if (t < 8) {
      sum.first += divergence;
      sum.firstTokens++;
    }
    if (compared.isSameBest) sum.sameBest++;
    const id = ids[t + 1] ?? next;
    if (id === undefined) continue;
    sum.nll -= compared.got[id]!;
    sum.known++;
  }
}

for (let n = 0; n < Number(values.dialogues); n++) {
  const turns = await dialogue(n, Number(values.turns));
  console.error(`dialogue ${n + 1}: ${turns.length} turns, ${turns.flat().length} tokens`);
  const open = new Map<string, Sequence>();
  for (const name of sums.keys()) open.set(name, await backend.open());
  for (const [i, ids] of turns.entries()) {
    const expected = await readTurn(open.get("exact")!, ids, backend.sliceTokens);
    for (const [name, sequence] of open) {
      const most = name === ONE_BY_ONE ? 1 : backend.sliceTokens;
      const got = name === "exact" ? expected : await readTurn(sequence, ids, most);
      compare(sums.get(name)!, expected, got, ids, turns[i + 1]?.[0]);
      const form = forms[name];
      if (!form || name === "exact") continue;
      const tensors = (await sequence.save()).map((tensor) => rounded(tensor, form));
      const { position } = sequence;
      sequence.release();
      open.set(name, await backend.open({ position, tensors }));
    }
  }
  for (const sequence of open.values()) sequence.release();
}

const rows = [...sums].map(([name, { tokens, divergence, first, firstTokens, largest, sameBest, nll, known }]) => [
  name,
  (divergence / tokens).toExponential(1),
  (first / firstTokens).toExponential(1),
  largest.toExponential(1),
  `${((100 * sameBest) / tokens).toFixed(2)} %`,
  Math.exp(nll / known).toFixed(4),
]);
console.log(`${sums.get("exact")!.tokens} tokens`);
console.log(
  table(
    ["state kept", "KL, nats per token", "of a turn's first 8 tokens", "largest", "same best token", "perplexity"],
    rows,
  ),
);
