/**
 * Does a long dialogue keep what was said in it? Facts are told at known places, among others of their kind; some
 * are corrected later; at the end they are asked for, in the words of the telling and in others, with questions
 * between that nothing was said about.
 *
 *   node bench/long-dialogue.ts [--tokens 2048,8192,32768,131072] [--seeds 1,2] [--facts held-out]
 *     [--pack models/rivulet-150m] [--words] [--misses]
 *
 * The facts are those that recall was made with (`tuned`) unless others are asked for: `development` (meanings),
 * `held-out`, `checker`, `unseen`, `fresh`, `everyday`, `passing`, `weeks`, `months`, `evenings` or `letters`, the last
 * eight with questions of the user about himself that he never answered (`unanswered`). `--words` finds by words alone,
 * `--misses` lists what was not found. Without a model: whether the right passage is quoted, how many tokens and
 * milliseconds that takes, and how many rows.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { quoteMessage } from "../durable-objects/recall/quote-passages.ts";
import { commandLine } from "../scripts/command-line.ts";
import type { Served } from "../src/dialogue/load.ts";
import { createTextCodec } from "../src/tokenizer/hf-codec.ts";
import { parseManifest } from "../src/weights/parse-manifest.ts";
import { factsNamed } from "./long-dialogue/dialogue.ts";
import { quotedFor, storedDialogue } from "./long-dialogue/stored.ts";

const { values: options } = commandLine({
  tokens: { type: "string", default: "2048,8192,32768,131072" },
  seeds: { type: "string", default: "1,2" },
  pack: { type: "string", default: "models/rivulet-150m" },
  facts: { type: "string", default: "tuned" },
  words: { type: "boolean", default: false },
  misses: { type: "boolean", default: false },
});
const facts = factsNamed(options.facts);
const numbers = (text: string) => text.split(",").map(Number);
const file = (name: string) => readFileSync(join(options.pack, name));
const manifest = parseManifest(file("manifest.json"));
const codec = createTextCodec(JSON.parse(file("tokenizer.json").toString()), manifest.tokenizerConfig ?? {});
const served = { codec, manifest } as Served;
const share = (part: number, whole: number) => (whole === 0 ? "–" : (part / whole).toFixed(2));

console.log(
  "| history | probe | n | right line quoted | wrong line only | nothing quoted | lines | tokens | ms of CPU (median, 95 %) |",
);
console.log("|---|---|---|---|---|---|---|---|---|");
for (const tokens of numbers(options.tokens)) {
  const rows = new Map<
    string,
    { n: number; right: number; wrong: number; none: number; lines: number; tokens: number; ms: number[] }
  >();
  let length = 0;
  for (const seed of numbers(options.seeds)) {
    const { stored, probes } = storedDialogue(tokens, seed, facts, codec);
    length = stored.logged;
    for (const probe of probes) {
      const began = process.cpuUsage();
      const found = quotedFor(stored, probe.question, served, options.words);
      const { user, system } = process.cpuUsage(began);
      const ms = (user + system) / 1000;
      const keys = [
        probe.kind,
        ...(probe.kind === "plain" || probe.kind === "rephrased" ? [`${probe.kind}, ${probe.lang}`] : []),
      ];
      for (const key of keys) {
        const row = rows.get(key) ?? { n: 0, right: 0, wrong: 0, none: 0, lines: 0, tokens: 0, ms: [] };
        rows.set(key, row);
        const isRight = found.some(({ text }) => text.includes(probe.value)) && probe.value !== "";
        row.n++;
        row.right += Number(isRight);
        row.none += Number(found.length === 0);
        row.wrong += Number(found.length > 0 && !isRight);
        row.lines += found.length;
        row.tokens +=
          found.length > 0
            ? codec.encodeText(quoteMessage(found.map(({ role, text }) => ({ role: role, text }))).content).length
            : 0;
        row.ms.push(ms);
        if (options.misses && key === probe.kind && (probe.value === "" ? found.length > 0 : !isRight))
          console.log(
            `  MISS ${probe.kind} ${JSON.stringify(probe.question)} wants ${probe.value} (turn ${probe.turn}): ${JSON.stringify(found.map(({ role, text, score }) => [role, text, score]))}`,
          );
      }
    }
  }
  for (const [kind, { n, right, wrong, none, lines, tokens: spent, ms }] of [...rows].sort()) {
    const sorted = ms.toSorted((a, b) => a - b);
    console.log(
      `| ${length} | ${kind} | ${n} | ${share(right, n)} | ${share(wrong, n)} | ${share(none, n)} | ${(lines / n).toFixed(1)} | ${(spent / n).toFixed(0)} | ${sorted[n >> 1]!.toFixed(1)}, ${sorted[Math.floor(0.95 * (sorted.length - 1))]!.toFixed(1)} |`,
    );
  }
}
