/**
 * How many JSON Schemas replies are held to, and what it costs:
 * `npm run bench:schemas -- <folder> [--every n] [--masks share] [--pack folder] [--strict] [--list n]`.
 *
 * The folder has files of one schema with instances ({schema, tests: [{data, valid}]}, as JSONSchemaBench writes
 * them), or of lists of such (as the official test suite does). A schema passes when it compiles, every valid
 * instance can be written token by token, and no invalid one can. `--strict` holds to every keyword or refuses;
 * `--list n` names so many of each kind that went wrong. Where keywords are left out of the grammar, an instance also
 * has to pass the check of finished values.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { packFolder } from "../scripts/serve-pack.ts";
import { Validator } from "../src/constrain/check/validator.ts";
import type { JsonSchema } from "../src/constrain/constraint.ts";
import { Budget, TooComplex } from "../src/constrain/language/budget.ts";
import { Grammar } from "../src/constrain/language/expr.ts";
import { Document } from "../src/constrain/schema/document.ts";
import { schemaGrammar } from "../src/constrain/schema/schema-grammar.ts";
import { TokenConstraint } from "../src/constrain/tokens/token-constraint.ts";
import { TokenTrie } from "../src/constrain/tokens/token-trie.ts";
import { Failure } from "../src/core/failure.ts";
import { atOnce } from "../src/core/work.ts";
import { createTextCodec } from "../src/tokenizer/hf-codec.ts";

const { values: options, positionals } = commandLine(
  {
    every: { type: "string", default: "1" },
    masks: { type: "string", default: "0.1" },
    pack: { type: "string" },
    strict: { type: "boolean", default: false },
    list: { type: "string", default: "0" },
  },
  [1, 1],
);
const [folder] = positionals as [string];
const pack = options.pack ?? packFolder();
const { generation, tokenizerConfig } = JSON.parse(readFileSync(`${pack}/manifest.json`, "utf8"));
const codec = createTextCodec(JSON.parse(readFileSync(`${pack}/tokenizer.json`, "utf8")), tokenizerConfig ?? {});
const trie = new TokenTrie(codec);

interface Case {
  name: string;
  schema: JsonSchema;
  tests: { data: unknown; valid: boolean }[];
}

function* casesOf(path: string): Generator<Case> {
  for (const name of readdirSync(path).sort()) {
    const file = join(path, name);
    if (statSync(file).isDirectory()) yield* casesOf(file);
    else if (name.endsWith(".json")) yield* casesIn(file);
  }
}

/**
 * Numbers of instances whose spelling says more than their value, such as 1.0, where older drafts expect no integer.
 */
const spellings = new WeakMap<object, Map<string, string>>();

/** A reviver, which `JSON.parse` calls with each member and what holds it. */
function keepSpelling(this: object, name: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value === "number" && context?.source !== undefined && context.source !== JSON.stringify(value)) {
    const known = spellings.get(this) ?? new Map<string, string>();
    spellings.set(this, known.set(name, context.source));
  }
  return value;
}

function* casesIn(file: string): Generator<Case> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"), keepSpelling);
  } catch {
    return;
  }
  for (const item of Array.isArray(content) ? content : [content]) {
    if (typeof item !== "object" || item === null || !("schema" in item)) continue;
    const { schema, tests = [], description = "" } = item as Case & { description?: string };
    yield { name: `${file} ${description}`, schema: inDraft(schema, file), tests };
  }
}

/** A folder of the official suite says which draft its schemas are of, and older ones do not say it themselves. */
function inDraft(schema: JsonSchema, file: string): JsonSchema {
  const draft = /[/\\]draft(\d)[/\\]/.exec(file)?.[1];
  const isSaid = draft === undefined || typeof schema !== "object" || "$schema" in schema;
  return isSaid ? schema : { $schema: `http://json-schema.org/draft-0${draft}/schema#`, ...schema };
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const at = (sorted: readonly number[], share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
const shown = (ms: number) => (ms < 1 ? `${(ms * 1000).toFixed(0)} µs` : `${ms.toFixed(1)} ms`);

const compileMs: number[] = [];
const firstMaskMs: number[] = [];
const maskMs: number[] = [];
const steps: number[] = [];
const refused = new Map<string, number>();
const leftOut = new Map<string, number>();
const counts = { schemas: 0, compiled: 0, whole: 0, passing: 0, passingWhole: 0, validRejected: 0, invalidAccepted: 0 };
const instances = { valid: 0, accepted: 0, invalid: 0, wronglyAccepted: 0 };
let peakBytes = 0;
const listed: Record<string, string[]> = { refused: [], rejected: [], accepted: [] };
const add = (to: Map<string, number>, key: string) => to.set(key, (to.get(key) ?? 0) + 1);

/** Whether the tokens of the text can be written one by one and then an end; with `measures`, by masks. */
function isWritable(constraint: TokenConstraint, text: string, measures: boolean): boolean {
  for (const id of codec.encodeText(text)) {
    if (measures) {
      const began = cpuMs();
      const mask = constraint.mask();
      maskMs.push(cpuMs() - began);
      if (((mask[id >> 5]! >>> (id & 31)) & 1) === 0) return false;
    }
    try {
      constraint.accept(id);
    } catch {
      return false;
    }
  }
  if (constraint.done) return true;
  const end = generation.eos[0] as number;
  return ((constraint.mask()[end >> 5]! >>> (end & 31)) & 1) === 1;
}

const spelled = (test: { data: unknown }): string => spellings.get(test)?.get("data") ?? spaced(test.data);

/**
 * As the suites' instances are written: a space behind commas and colons, and numbers as they are
 * spelled, or in the shortest way.
 */
function spaced(value: unknown, isSpelled = true): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const known = isSpelled ? spellings.get(value) : undefined;
  const inside = (name: string, inner: unknown) => known?.get(name) ?? spaced(inner, isSpelled);
  if (Array.isArray(value)) return `[${value.map((item, i) => inside(`${i}`, item)).join(", ")}]`;
  const members = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${inside(name, inner)}`);
  return `{${members.join(", ")}}`;
}

function run({ name, schema, tests }: Case, measures: boolean): void {
  counts.schemas++;
  const budget = new Budget();
  const grammar = new Grammar(budget);
  const began = cpuMs();
  let language: ReturnType<typeof schemaGrammar> extends Generator<void, infer T> ? T : never;
  try {
    language = atOnce(schemaGrammar(grammar, schema, "schema", { strict: options.strict }));
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const keyword = /\.(\$?[a-zA-Z]+)(\[\d+\])?$/.exec(thrown.param ?? "")?.[1] ?? "";
    add(
      refused,
      `${
        thrown.code === "schema_too_complex"
          ? "too complex"
          : thrown.message
              .slice((thrown.param ?? "").length + 2)
              .replace(/\d+/g, "n")
              .slice(0, 60)
      } · ${keyword}`,
    );
    listed.refused!.push(`${name}: ${thrown.message.slice(0, 200)}`);
    return;
  } finally {
    compileMs.push(cpuMs() - began);
    steps.push(budget.spent);
  }
  grammar.finish();
  counts.compiled++;
  const unheld = new Set(language.leftOut.filter(({ checked }) => checked).map(({ keyword }) => keyword));
  for (const keyword of unheld) add(leftOut, keyword);
  if (unheld.size === 0) counts.whole++;
  let isPassing = true;
  const open = () => new TokenConstraint(grammar, { ...language, schemas: [] }, codec, trie, generation.eos);
  if (measures) {
    const before = cpuMs();
    open().mask();
    firstMaskMs.push(cpuMs() - before);
  }
  for (const [i, test] of tests.entries()) {
    const { data, valid } = test;
    let isAccepted = isWritable(open(), spelled(test), measures && i === 0);
    // A value may be written in another spelling; what is invalid is so as it is spelled.
    if (valid && !isAccepted) isAccepted = isWritable(open(), spaced(data, false), false);
    if (isAccepted && unheld.size > 0) {
      try {
        isAccepted = new Validator(new Document(schema, new Budget())).isValid(data);
      } catch (thrown) {
        if (!(thrown instanceof TooComplex)) console.error(name, thrown);
        isAccepted = false;
      }
    }
    instances[valid ? "valid" : "invalid"]++;
    if (isAccepted) instances[valid ? "accepted" : "wronglyAccepted"]++;
    if (isAccepted === valid) continue;
    isPassing = false;
    counts[valid ? "validRejected" : "invalidAccepted"]++;
    listed[valid ? "rejected" : "accepted"]!.push(`${name}: ${spaced(data).slice(0, 300)}`);
  }
  if (isPassing) counts.passing++;
  if (isPassing && unheld.size === 0) counts.passingWhole++;
}

let index = 0;
for (const one of casesOf(folder)) {
  if (index++ % Number(options.every) !== 0) continue;
  try {
    run(one, (counts.schemas * Number(options.masks)) % 1 < Number(options.masks));
  } catch (thrown) {
    console.error(`${one.name}:`, thrown);
  }
  peakBytes = Math.max(peakBytes, process.memoryUsage().heapUsed);
}

const share = (count: number, of: number) => `${count} of ${of} (${((100 * count) / Math.max(of, 1)).toFixed(1)} %)`;
console.log(
  `schemas that compile: ${share(counts.compiled, counts.schemas)}; held to as a whole: ${share(counts.whole, counts.schemas)}`,
);
console.log(
  `passing: ${share(counts.passing, counts.schemas)}; by the grammar alone: ${share(counts.passingWhole, counts.schemas)}`,
);
console.log(
  `valid instances accepted: ${share(instances.accepted, instances.valid)}; invalid ones accepted: ${share(instances.wronglyAccepted, instances.invalid)}`,
);
const print = (what: string, values: Map<string, number>) => {
  const sorted = [...values].sort(([, a], [, b]) => b - a).slice(0, 25);
  console.log(`${what}: ${sorted.map(([name, count]) => `${name} ${count}`).join("; ") || "nothing"}`);
};
print("refused", refused);
print("left to the check", leftOut);
for (const [what, list] of [
  ["compile", compileMs],
  ["first mask", firstMaskMs],
  ["mask", maskMs],
] as const) {
  const sorted = list.toSorted((a, b) => a - b);
  const mean = list.reduce((sum, ms) => sum + ms, 0) / Math.max(list.length, 1);
  console.log(
    `${what} (${list.length}): mean ${shown(mean)}, ${[0.5, 0.75, 0.95, 0.99, 1].map((p) => `p${p * 100} ${shown(at(sorted, p))}`).join(", ")}`,
  );
}
const sortedSteps = steps.toSorted((a, b) => a - b);
console.log(
  `steps: p50 ${at(sortedSteps, 0.5)}, p99 ${at(sortedSteps, 0.99)}, max ${at(sortedSteps, 1)}; peak of the heap ${(peakBytes / 1e6).toFixed(0)} MB`,
);
for (const [what, lines] of Object.entries(listed)) {
  for (const line of lines.slice(0, Number(options.list))) console.log(`${what}: ${line}`);
}
