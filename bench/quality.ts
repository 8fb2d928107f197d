/**
 * What quantisation costs: KL(reference ‖ pack) and perplexity over real text, token by token.
 *
 * node bench/quality.ts <reference pack> <pack>… [--text <file>] [--tokens 4000]. Without --text it reads the
 * prose of dependencies' documentation, which was used to tune nothing. Both models read the same ids with full
 * attention over what their packs keep.
 */
import { readFileSync } from "node:fs";
import { commandLine } from "../scripts/command-line.ts";
import type { Sequence } from "../src/backends/backend.ts";
import { type Loaded, loadModel } from "../src/backends/load-model.ts";
import { compiledKernels } from "../src/cli/kernels.ts";
import { slices } from "../src/dialogue/reply.ts";
import { createTextCodec } from "../src/tokenizer/hf-codec.ts";
import { folderSource } from "../src/weights/folder-source.ts";
import { compareLogits } from "./divergence.ts";

const DEFAULT_TEXT = ["msgpackr", "semver", "zod", "protobufjs", "picomatch", "tinybench", "undici"];

const { values, positionals } = commandLine({ text: { type: "string" }, tokens: { type: "string", default: "4000" } }, [
  2,
  Infinity,
]);
const [reference, ...packs] = positionals as [string, ...string[]];

const open = (folder: string) => loadModel(folderSource(folder), compiledKernels());
const text = values.text
  ? readFileSync(values.text, "utf8")
  : DEFAULT_TEXT.map((name) => readFileSync(`node_modules/${name}/README.md`, "utf8")).join("\n\n");

const base = await open(reference);
const codec = createTextCodec(JSON.parse(base.tokenizer!), base.manifest.tokenizerConfig ?? {});
const ids = codec.encodeText(text).slice(0, Number(values.tokens));
console.log(`${ids.length} tokens; reference ${base.manifest.dtype}`);
for (const pack of packs) await compare(base, await open(pack));

async function compare(expected: Loaded, got: Loaded): Promise<void> {
  const V = expected.backend.vocab;
  const [a, b]: Sequence[] = [await expected.backend.open(), await got.backend.open()];
  let divergence = 0;
  let sameBest = 0;
  const nll = [0, 0];
  for (const { slice, done } of slices(ids, expected.backend.sliceTokens)) {
    const p = await a!.forward(slice, "all");
    const q = await b!.forward(slice, "all");
    for (let t = 0; t < slice.length; t++) {
      const compared = compareLogits(p.subarray(t * V, (t + 1) * V), q.subarray(t * V, (t + 1) * V));
      divergence += compared.divergence;
      if (compared.isSameBest) sameBest++;
      const next = ids[done - slice.length + t + 1];
      if (next === undefined) continue;
      nll[0]! -= compared.expected[next]!;
      nll[1]! -= compared.got[next]!;
    }
  }
  a!.release();
  b!.release();
  const perplexity = nll.map((sum) => Math.exp(sum / (ids.length - 1)).toFixed(3));
  const row = [
    got.manifest.dtype,
    `KL ${(divergence / ids.length).toFixed(5)} nats/token`,
    `same best token ${((100 * sameBest) / ids.length).toFixed(1)} %`,
  ];
  console.log([...row, `perplexity ${perplexity[1]} (reference ${perplexity[0]})`].join(", "));
}
