/**
 * Models that nobody here made, from files that nobody here wrote: fetched, converted, compared with Hugging Face's
 * tokenizers and with llama.cpp on the same file, and served with a restart between two turns.
 *
 *     npm run real-files [-- --python <python3>] [-- --only gemma] [-- --exact]
 *
 * The Python needs pip and the package `tokenizers`; llama.cpp comes with bench/peers. Where too few answers
 * are llama.cpp's, and with --exact, both engines are compared in f32 as well: up to 10 GB in
 * bench/peers/build, and long. Ends with 1 where a check fails. The files have terms of their own and are not
 * redistributed. Keeps its table in docs/benchmarks.md.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { createTextCodec } from "../src/tokenizer/hf-codec.ts";
import { createPromptBuilder } from "../src/tokenizer/prompt.ts";
import type { LlamaInput, LlamaOutput } from "./peers/llama-answers.ts";
import { ourAnswers } from "./real-files/answers.ts";
import { fetchFile, type RealFile, realFiles } from "./real-files/fetch.ts";
import { oddStrings } from "./real-files/odd-strings.ts";
import { beginnings, questions } from "./real-files/prompts.ts";
import { servedWithResume } from "./real-files/served.ts";
import { machine, table, writeSection } from "./section.ts";

const { values } = commandLine({
  python: { type: "string", default: "python3" },
  only: { type: "string", default: "" },
  exact: { type: "boolean", default: false },
});

const TOKENS = 32;
/** Of these, so many must be llama.cpp's, on so many of the prompts. */
const EQUAL_TOKENS = 30;
const EQUAL_PROMPTS = 8;

const root = join(import.meta.dirname, "..");
const peers = join(import.meta.dirname, "peers");
const folder = join(peers, "build");
mkdirSync(folder, { recursive: true });
if (!existsSync(join(peers, "node_modules")))
  execFileSync("npm", ["ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: peers });

const MAX_BUFFER = 1 << 28;

function rivulet(...args: string[]): void {
  console.error(`rivulet ${args.join(" ")}`);
  execFileSync(process.execPath, [join(root, "bin/rivulet.js"), ...args], { stdio: ["ignore", "ignore", "inherit"] });
}

function llamaAnswers(model: string, asked: LlamaInput): LlamaOutput {
  const options = { input: JSON.stringify(asked), maxBuffer: MAX_BUFFER };
  return JSON.parse(execFileSync(process.execPath, [join(peers, "llama-answers.ts"), model], options).toString());
}

/** Positions at which two lists of answers agree, by prompt. */
const equal = (ours: number[][], theirs: number[][]): number[] =>
  theirs.map((answer, i) => answer.filter((id, n) => id === ours[i]![n]).length);

/** How many prompts differ in no more tokens than are allowed; an answer may end early. */
const enough = (counts: number[], answers: number[][]): number =>
  counts.filter((count, i) => count >= answers[i]!.length - (TOKENS - EQUAL_TOKENS)).length;

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((id, i) => id === b[i]);

interface Checked {
  rows: (string | number)[][];
  lines: string[];
  failures: string[];
}

async function checked(file: RealFile): Promise<Checked> {
  const failures: string[] = [];
  const source = await fetchFile(file, folder, values.python);
  const templateFile = join(folder, `${file.name}.jinja`);
  if (file.template) writeFileSync(templateFile, file.template);
  const converted = (dtype: string): string => {
    const pack = join(folder, `${file.name}-${dtype}`);
    const template = file.template ? ["--template", templateFile] : [];
    if (!existsSync(pack)) rivulet("convert", source, pack, "--dtype", dtype, "--name", file.name, ...template);
    return pack;
  };
  const q8 = converted("q8");
  const manifest = JSON.parse(readFileSync(join(q8, "manifest.json"), "utf8"));
  const template = readFileSync(join(q8, "chat_template.jinja"), "utf8");
  const tokenizer = JSON.parse(readFileSync(join(q8, "tokenizer.json"), "utf8"));
  const codec = createTextCodec(tokenizer, { ...manifest.tokenizerConfig, chat_template: template });
  const builder = createPromptBuilder(template, codec, manifest.tokenizerConfig);
  const bos = manifest.tokenizerConfig.add_bos_token === true ? [manifest.generation.bos as number] : [];
  const prompts = file.template
    ? beginnings.map((text) => [...bos, ...codec.encodeText(text)])
    : questions.map((content) => builder.start([{ role: "user", content }]));

  const strings = oddStrings();
  const ours = strings.map((text) => codec.encodeTemplate(text));
  const theirs: number[][] = JSON.parse(
    execFileSync(values.python, [join(import.meta.dirname, "real-files/tokenize.py"), join(q8, "tokenizer.json")], {
      input: JSON.stringify(strings),
      maxBuffer: MAX_BUFFER,
    }).toString(),
  );
  const unlike = strings.filter((_, i) => !same(ours[i]!, theirs[i]!));
  for (const text of unlike) failures.push(`${file.name}: tokenizers reads ${JSON.stringify(text)} otherwise`);
  const named = llamaAnswers(source, { strings, prompts, tokens: TOKENS });
  const alike = strings.filter((_, i) => same(ours[i]!, named.ids[i]!)).length;
  const back = strings.filter((text, i) => codec.decode(ours[i]!) === text).length;

  const compare = async (label: string, pack: string, answers: number[][]) => {
    const { free, along, gaps } = await ourAnswers(pack, prompts, answers);
    const [whole, forced] = [equal(free, answers), equal(along, answers)];
    const widest = Math.max(0, ...gaps.flat());
    return {
      free,
      enough: enough(whole, answers),
      row: [
        file.name,
        label,
        enough(whole, answers),
        enough(forced, answers),
        `${forced.reduce((a, b) => a + b, 0)} of ${answers.flat().length}`,
        widest.toFixed(2),
        whole.join(" "),
      ],
    };
  };
  const quantised = await compare("q8 against the file", q8, named.answers);
  const rows = [quantised.row];
  if (values.exact || quantised.enough < EQUAL_PROMPTS) {
    // The same weights, so that llama.cpp computes with them in f32 too, where its own
    // kernels round what they multiply.
    const f32 = converted("f32");
    const dequantised = join(folder, `${file.name}-f32.gguf`);
    if (!existsSync(dequantised)) rivulet("export", f32, dequantised, "--gguf", "--dtype", "f32");
    const plain = llamaAnswers(dequantised, { strings: [], prompts, tokens: TOKENS });
    const both = await compare("f32 against its weights in f32", f32, plain.answers);
    if (both.enough < EQUAL_PROMPTS)
      failures.push(
        `${file.name}: in f32 ${both.enough} of ${prompts.length} prompts go on like llama.cpp, expected ${EQUAL_PROMPTS}`,
      );
    const itself = equal(plain.answers, named.answers);
    const own = "llama.cpp's own: the file against its weights in f32";
    rows.push(both.row, [file.name, own, enough(itself, named.answers), "", "", "", itself.join(" ")]);
  }

  const turns: [string, string] = file.template
    ? ["The river Rhine flows through", "It ends in"]
    : ["My name is Ada. Write a Python function that greets me.", "And now the same in JavaScript."];
  const resumed = await servedWithResume(q8, file.name, turns);
  return {
    failures,
    rows,
    lines: [
      `- **${file.name}**: ${file.what}. ${strings.length} odd strings: the same ids as \`tokenizers\` on ${strings.length - unlike.length}, as llama.cpp on ${alike}; ${back} come back to the letter.`,
      `  First answers: ${quantised.free
        .slice(0, 3)
        .map((ids) => JSON.stringify(codec.decode(ids)))
        .join(", ")}.`,
      `  Served at q8; the turn behind a restart reused ${resumed.reused} tokens and said the same as without one: ${JSON.stringify(resumed.second)}.`,
    ],
  };
}

const results: Checked[] = [];
for (const file of realFiles.filter(({ name }) => name.includes(values.only))) results.push(await checked(file));
const head = [
  "model",
  "ours against llama.cpp's",
  `prompts with ≥ ${EQUAL_TOKENS} of ${TOKENS} equal`,
  "the same along its answer",
  "equal along it",
  "widest gap, logits",
  "equal tokens by prompt",
];
const section = `## Files that nobody here wrote

\`npm run real-files\`: ten greedy answers of ${TOKENS} tokens each against llama.cpp (node-llama-cpp 3.22.1) on the same file. llama.cpp rounds activations to 8 bits before it multiplies quantised weights, so the
last rows take that out: the file's weights, dequantised by \`rivulet export --gguf --dtype f32\`, in f32 on both sides. "Along its answer": what is likeliest behind llama.cpp's own tokens, so that one near tie does not
count for all that follows; the gap says how near. ${machine()}

${results.flatMap(({ lines }) => lines).join("\n")}

${table(
  head,
  results.flatMap(({ rows }) => rows),
)}`;
if (values.only === "") writeSection("npm run real-files", section);
else console.log(section);
const failures = results.flatMap((result) => result.failures);
for (const failure of failures) console.error(failure);
if (failures.length > 0) process.exitCode = 1;
