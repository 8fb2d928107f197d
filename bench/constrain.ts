/**
 * What holding replies to a form costs: `node --expose-gc bench/constrain.ts [pack]`. Processor time to be ready for a
 * vocabulary and to make a grammar, time per mask while random allowed tokens are taken, and memory that stays.
 */
import { readFileSync } from "node:fs";
import { commandLine } from "../scripts/command-line.ts";
import { packFolder } from "../scripts/serve-pack.ts";
import type { Constraint, JsonSchema } from "../src/constrain/constraint.ts";
import { constraintFor, readyForForms } from "../src/constrain/constraint-for.ts";
import { TokenTrie } from "../src/constrain/tokens/token-trie.ts";
import { Random } from "../src/sampling/random.ts";
import { createTextCodec } from "../src/tokenizer/hf-codec.ts";

const { positionals } = commandLine({}, [0, 1]);
const pack = positionals[0] ?? packFolder();
const { generation, tokenizerConfig } = JSON.parse(readFileSync(`${pack}/manifest.json`, "utf8"));
const codec = createTextCodec(JSON.parse(readFileSync(`${pack}/tokenizer.json`, "utf8")), tokenizerConfig ?? {});
const TOKENS = 400;

const names = ["string", "integer", "boolean", "number"];
const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`field_${i}`, { type: names[i % 4] }]));
const text = (more: object) => ({ type: "object", properties: { a: { type: "string", ...more } }, required: ["a"] });
const schemas: Record<string, JsonSchema> = {
  "two properties": {
    type: "object",
    properties: { name: { type: "string" }, age: { type: "integer" } },
    required: ["name", "age"],
  },
  "40 properties, 20 optional": {
    type: "object",
    properties: many,
    required: Object.keys(many).filter((_, i) => i % 2 === 0),
  },
  "a recursive tree": {
    $ref: "#/$defs/node",
    $defs: {
      node: {
        type: "object",
        properties: { v: { type: "string" }, c: { type: "array", items: { $ref: "#/$defs/node" } } },
        required: ["v"],
      },
    },
  },
  "format: email": text({ format: "email" }),
  "a pattern with maxLength 1000": text({ pattern: "^.*$", maxLength: 1000 }),
};

/** Of this process: on a machine that is shared, wall time says little. */
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const keptBytes = () => {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const isAllowed = (mask: Uint32Array, id: number) => ((mask[id >> 5]! >>> (id & 31)) & 1) === 1;

/** Any allowed token but the end of turn; undefined when only that is left. */
function pick(mask: Uint32Array, random: Random): number | undefined {
  const ids = [...Array(codec.vocab).keys()].filter((id) => isAllowed(mask, id) && !generation.eos.includes(id));
  return ids[Math.floor(random.nextFloat() * ids.length)];
}

function masks(constraint: Constraint): number[] {
  const random = Random.fromSeed(4);
  const ms: number[] = [];
  while (ms.length < TOKENS && !constraint.done) {
    const began = cpuMs();
    const mask = constraint.mask();
    ms.push(cpuMs() - began);
    const id = pick(mask, random);
    if (id === undefined) break;
    constraint.accept(id);
  }
  return ms.sort((a, b) => a - b);
}

/**
 * What a request waits for from its tool on: to the mask of its first token. Of this thread, as nobody
 * waits for compilers beside it.
 */
async function firstMask(properties: object): Promise<number> {
  const before = process.threadCpuUsage();
  const parameters = { type: "object", properties, required: Object.keys(properties).slice(0, 1) };
  const constraint = await constraintFor({ tools: [{ name: "f", parameters }] }, codec, generation.eos);
  constraint!.mask();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

const keptBefore = keptBytes();
let began = cpuMs();
const trie = new TokenTrie(codec);
console.log(`tree of ${codec.vocab} tokens: ${(cpuMs() - began).toFixed(0)} ms, ${mb(trie.memoryBytes)}`);
began = cpuMs();
await readyForForms(codec, generation.eos);
console.log(
  `ready for forms: ${(cpuMs() - began).toFixed(0)} ms, ${mb(keptBytes() - keptBefore - trie.memoryBytes)} kept`,
);
const first = await firstMask({
  city: { type: "string" },
  unit: { enum: ["celsius", "fahrenheit"] },
  days: { type: "integer", minimum: 1, maximum: 14 },
});
const second = await firstMask({
  to: { type: "string", maxLength: 80 },
  tags: { type: "array", items: { type: "string" } },
});
console.log(`first mask of the first tool: ${first.toFixed(1)} ms, of another: ${second.toFixed(1)} ms`);
console.log("schema | grammar ms | kept | tokens | mask ms: mean | p50 | p95 | max");
for (const [name, schema] of Object.entries(schemas)) {
  const before = keptBytes();
  began = cpuMs();
  const shape = { format: { type: "json_schema", name: "x", schema, strict: true } } as const;
  const constraint = (await constraintFor(shape, codec, generation.eos))!;
  const made = cpuMs() - began;
  const kept = keptBytes() - before;
  const ms = masks(constraint);
  const mean = ms.reduce((sum, x) => sum + x, 0) / ms.length;
  const at = (share: number) => ms[Math.floor((ms.length - 1) * share)]!.toFixed(2);
  console.log([name, made.toFixed(0), mb(kept), ms.length, mean.toFixed(2), at(0.5), at(0.95), at(1)].join(" | "));
}
