/**
 * Two packs of one model against each other, turn by turn in one process, so that a busy machine slows both alike.
 *
 * node bench/backends.ts <pack> <pack> [rounds]: best tokens/s of each in prefill (128 tokens) and
 * decode (16 tokens), and their ratio.
 */

import { commandLine } from "../scripts/command-line.ts";
import { type Loaded, loadModel } from "../src/backends/load-model.ts";
import { compiledKernels } from "../src/cli/kernels.ts";
import { folderSource } from "../src/weights/folder-source.ts";

const PREFILL_TOKENS = 128;
const DECODE_TOKENS = 16;

const { positionals } = commandLine({}, [2, 3]);
const [first, second, rounds = "4"] = positionals as [string, string, string?];

interface Speed {
  load: number;
  prefill: number;
  decode: number;
}

const idAt = (vocab: number, i: number) => (i * 7919 + 13) % vocab;

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

async function measure({ backend }: Loaded, best: Speed): Promise<void> {
  const sequence = await backend.open();
  const ids = Uint32Array.from({ length: PREFILL_TOKENS }, (_, i) => idAt(backend.vocab, i));
  const L = backend.sliceTokens;
  const prefill = await seconds(async () => {
    for (let at = 0; at < ids.length; at += L) await sequence.forward(ids.subarray(at, at + L), "last");
  });
  const decode = await seconds(async () => {
    for (let i = 0; i < DECODE_TOKENS; i++) await sequence.forward(Uint32Array.of(idAt(backend.vocab, i)), "last");
  });
  sequence.release();
  best.prefill = Math.max(best.prefill, PREFILL_TOKENS / prefill);
  best.decode = Math.max(best.decode, DECODE_TOKENS / decode);
}

const models: { model: Loaded; best: Speed }[] = [];
for (const pack of [first, second]) {
  let model: Loaded | undefined;
  const load = await seconds(async () => {
    model = await loadModel(folderSource(pack), compiledKernels());
  });
  models.push({ model: model!, best: { load, prefill: 0, decode: 0 } });
}
for (let round = 0; round < Number(rounds); round++) for (const { model, best } of models) await measure(model, best);
const round = (value: number) => Math.round(value * 100) / 100;
for (const { model, best } of models) {
  const { load, prefill, decode } = best;
  const { name, dtype, onnx } = model.manifest;
  console.log(
    `${name} (${dtype}, ${onnx ? "ONNX" : "WebAssembly"}): load ${round(load)} s, prefill ${round(prefill)} tok/s, decode ${round(decode)} tok/s, engine ${Math.round(model.backend.memoryBytes / 1e6)} MB`,
  );
}
const [a, b] = models as [(typeof models)[0], (typeof models)[0]];
console.log(
  `second : first = ${round(b.best.prefill / a.best.prefill)} in prefill, ${round(b.best.decode / a.best.decode)} in decode`,
);
