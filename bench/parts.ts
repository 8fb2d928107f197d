/**
 * Where the time of a pass goes: milliseconds a row in each kernel, for single tokens of so many
 * conversations and for a slice of a prompt.
 *
 *     node bench/parts.ts [--depth 180] [--rounds 20]
 *
 * Every call of a kernel is timed by itself, and the quickest of all rounds counts, since other work on the machine can
 * only slow a call down. So the sums are those of an undisturbed pass, less what JavaScript does between the calls.
 */

import { commandLine } from "../scripts/command-line.ts";
import { slices } from "../src/dialogue/reply.ts";
import { hybridPack, open } from "./models.ts";
import { idAt } from "./peers/protocol.ts";
import { machine, table, writeSection } from "./section.ts";

const { values } = commandLine({
  depth: { type: "string", default: "180" },
  rounds: { type: "string", default: "20" },
});
const COUNTS = [1, 4, 8, 16, 36];
const MEMORY_BYTES = 1e9;
/** A matrix with more rows than this is the head. */
const HEAD_ROWS = 20_000;

interface Call {
  part: string;
  ms: number;
}
let calls: Call[] = [];

function timed(name: string, kernel: (...args: number[]) => unknown) {
  return (...args: number[]) => {
    const start = performance.now();
    const result = kernel(...args);
    const ms = performance.now() - start;
    const part = name === "matQ4" && args[4]! > HEAD_ROWS ? "matQ4, the head" : name;
    calls.push({ part, ms });
    return result;
  };
}

const timedExports = (exports: WebAssembly.Exports) =>
  Object.fromEntries(
    Object.entries(exports).map(([name, value]) => [
      name,
      typeof value === "function" ? timed(name, value as (...args: number[]) => unknown) : value,
    ]),
  );
// The engine makes its kernels itself, so what it makes them with is replaced.
Object.assign(WebAssembly, {
  Instance: new Proxy(WebAssembly.Instance, {
    construct: (Instance, args: ConstructorParameters<typeof WebAssembly.Instance>) => ({
      exports: timedExports(new Instance(...args).exports),
    }),
  }),
});

const { backend } = await open(hybridPack, { maxBytes: MEMORY_BYTES });
const ids = (from: number, count: number) =>
  Uint32Array.from({ length: count }, (_, i) => idAt(from + i, backend.vocab));
const opened = async (who: number) => {
  const sequence = await backend.open();
  for (const { slice } of slices(ids(who, Number(values.depth)), backend.sliceTokens))
    await sequence.forward(slice, "none");
  return sequence;
};
const sequences = await Promise.all(Array.from({ length: Math.max(...COUNTS) }, (_, who) => opened(who)));
const prompt = await opened(0);

/** Milliseconds a row by part, of the calls of one kind of pass that were quickest. */
async function measure(count: number, pass: (round: number) => unknown): Promise<Map<string, number>> {
  let best: Call[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    calls = [];
    await pass(round);
    best =
      best.length === calls.length ? best.map((one, i) => (one.ms < calls[i]!.ms ? one : calls[i]!)) : calls.slice();
  }
  const parts = new Map<string, number>([["together", 0]]);
  for (const { part, ms } of best)
    for (const key of ["together", part]) parts.set(key, (parts.get(key) ?? 0) + ms / count);
  return parts;
}

const columns: Map<string, number>[] = [];
for (const count of COUNTS)
  columns.push(
    await measure(count, (round) =>
      backend.forwardMany!(
        sequences.slice(0, count).map((sequence, i) => ({ sequence, ids: ids(round + i, 1), want: "last" })),
      ),
    ),
  );
columns.push(await measure(backend.sliceTokens, (round) => prompt.forward(ids(round, backend.sliceTokens), "last")));

const parts = [...new Set(columns.flatMap((column) => [...column.keys()]))];
const largest = (part: string) => Math.max(...columns.map((column) => column.get(part) ?? 0));
const rows = parts
  .filter((part) => largest(part) >= 0.01)
  .toSorted((a, b) => largest(b) - largest(a))
  .map((part) => [part, ...columns.map((column) => (column.get(part) ?? 0).toFixed(3))]);
writeSection(
  "node bench/parts.ts",
  `## Where a pass goes

\`node bench/parts.ts\`: milliseconds a row in each kernel, the default hybrid at position ${values.depth}: single tokens of so many conversations in one pass, and a slice of ${backend.sliceTokens} tokens of one prompt; each call's best of ${values.rounds} rounds. ${machine()}

${table(["kernel", ...COUNTS.map((count) => (count === 1 ? "1 row" : `${count} rows`)), "slice"], rows)}`,
);
