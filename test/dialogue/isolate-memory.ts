/**
 * Prints, as JSON, the most memory that one isolate's work takes: the default pack and as many deep conversations alive
 * at once as there are memory slots.
 *
 * A pack may be named instead. Its own process, so that no test runner is counted; run with --expose-gc. What Node
 * itself holds before anything is loaded is left out.
 */
const collect = (globalThis as unknown as { gc(): void }).gc;
/** JavaScript heap and buffers outside WebAssembly. */
const javascript = () => {
  collect();
  collect(); // the first one may leave the sweeping of array buffers to a thread
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
const before = javascript();

const { loadServed } = await import("../../src/dialogue/load.ts");
const { reply } = await import("../../src/dialogue/reply.ts");
const { Sampler } = await import("../../src/sampling/sampler.ts");
const { greedy } = await import("../../src/sampling/sampling.ts");
const { encodeSequence } = await import("../../src/state/encode-sequence.ts");
const { folderSource } = await import("../../src/weights/folder-source.ts");
const { readyForForms } = await import("../../src/constrain/constraint-for.ts");
const { compiledKernels } = await import("../../src/cli/kernels.ts");
const { JAVASCRIPT_BYTES, slotsFor } = await import("../../durable-objects/model/admission.ts");
const { ISOLATE_BYTES } = await import("../../durable-objects/model/pack.ts");

const DEPTH = 1040;
// Not asked of the start script, whose modules are in no isolate.
const DEFAULT_PACK = `${import.meta.dirname}/../../models/rivulet-150m`;
const served = await loadServed(folderSource(process.argv[2] ?? DEFAULT_PACK), compiledKernels());
const { backend, fingerprint } = served;
backend.boundGuesses?.(ISOLATE_BYTES - JAVASCRIPT_BYTES);
await readyForForms(served.codec, served.manifest.generation.eos);
const text = "The river carries what it was given and forgets nothing. ".repeat(100);
const ids = served.codec.encodeText(text).slice(0, DEPTH);
const options = { sampling: greedy, maxTokens: 8, stop: [], ignoreEos: true };
const open = async () => {
  const sequence = await backend.open();
  const sampler = new Sampler(backend.vocab, undefined, 1, backend.lend?.bind(backend));
  return { sequence, sampler, events: reply(served, sequence, sampler, ids, options) };
};
const live = await Promise.all(Array.from({ length: slotsFor(backend) }, open));
let peak = javascript() - before;
const running = new Set(live);
while (running.size > 0) {
  for (const one of running) if ((await one.events.next()).done) running.delete(one);
  peak = Math.max(peak, javascript() - before);
}
const stored: Uint8Array[] = [];
for (const { sequence, sampler } of live) {
  stored[0] = await encodeSequence(sequence, { fingerprint, pending: [], sampler: sampler.state() }, "rounded");
  peak = Math.max(peak, javascript() - before);
}
const positions = live.map(({ sequence }) => sequence.position);
console.log(
  JSON.stringify({ positions, stateBytes: stored[0]!.length, webAssembly: backend.memoryBytes, javascript: peak }),
);

export {};
