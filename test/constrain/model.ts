/** Fake models that want anything but JSON, on the tokenizer of the default pack. */
import { readFileSync } from "node:fs";
import { packFolder } from "../../scripts/serve-pack.ts";
import type { Backend, Sequence } from "../../src/backends/backend.ts";
import type { JsonSchema, ReplyShape } from "../../src/constrain/constraint.ts";
import { constraintFor } from "../../src/constrain/constraint-for.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { type ReplyOptions, reply } from "../../src/dialogue/reply.ts";
import { Random } from "../../src/sampling/random.ts";
import { Sampler } from "../../src/sampling/sampler.ts";
import { greedy, type Sampling } from "../../src/sampling/sampling.ts";
import { createTextCodec } from "../../src/tokenizer/hf-codec.ts";

const pack = packFolder();
const template = readFileSync(`${pack}/chat_template.jinja`, "utf8");
export const codec = createTextCodec(JSON.parse(readFileSync(`${pack}/tokenizer.json`, "utf8")), {
  eos_token: "<|im_end|>",
  bos_token: "<|im_start|>",
  chat_template: template,
});
export const EOS = codec.encodeTemplate("<|im_end|>")[0]!;

/** Logits (V) of the n-th token of a reply. */
export type Wants = (logits: Float32Array, n: number) => void;

/** After so many tokens a model wants to come to an end. */
const PATIENCE = 40;
const closing = [
  EOS,
  ...['"', "}", "]", "}}", "]}", '"}', '"]', '":', "<", "/"].flatMap((text) => codec.encodeText(text)),
];

/** Any token at random; later those that close. */
export const random =
  (seed: number): Wants =>
  (logits, n) => {
    // Cheaper than a draw per token, and as good here.
    const [a, b] = [Random.fromSeed(seed * 1000 + n).nextWord() | 1, seed];
    for (let id = 0; id < logits.length; id++) logits[id] = (Math.imul(a, (id + b) ^ (id >>> 7)) >>> 8) / 2 ** 24;
    if (n > PATIENCE) for (const id of closing) logits[id]! += 2;
  };

/** Tokens with one of these characters before all others, ever more of them; later those that close. */
export function craving(characters: string, seed: number): Wants {
  const wanted: number[] = [];
  for (let id = 0; id < codec.vocab; id++) {
    if ([...new TextDecoder().decode(codec.tokenBytes(id))].some((c) => characters.includes(c))) wanted.push(id);
  }
  return (logits, n) => {
    random(seed)(logits, n);
    if (n <= PATIENCE) for (const id of wanted) logits[id]! += 5;
  };
}

/** `before`: tokens of the reply that an earlier run gave. */
function servedBy(wants: Wants, before: number): Served {
  const open = (): Sequence => {
    let n = before;
    return {
      position: 0,
      bytes: 0,
      async forward(_ids, want) {
        const logits = new Float32Array(codec.vocab);
        if (want === "last") wants(logits, n++);
        return logits;
      },
      save: () => [],
      release: () => {},
    };
  };
  const backend = {
    vocab: codec.vocab,
    contextLength: 1e6,
    sliceTokens: 64,
    memoryBytes: 0,
    stateBytes: () => 0,
    open,
  };
  return { backend: backend as Backend, codec, manifest: { generation: { eos: [EOS] } } } as unknown as Served;
}

export interface Written {
  text: string;
  ids: number[];
  reason: "stop" | "length";
}

export async function write(
  shape: ReplyShape,
  wants: Wants,
  options: Partial<ReplyOptions> & { sampling?: Sampling; maxTokens?: number } = {},
  known: readonly number[] = [],
): Promise<Written> {
  const served = servedBy(wants, known.length);
  const constraint = await constraintFor(shape, codec, [EOS]);
  const written: Written = { text: "", ids: [], reason: "length" };
  const all = {
    sampling: greedy,
    maxTokens: 1500,
    stop: [],
    ignoreEos: false,
    ...options,
    ...(constraint ? { constraint } : {}),
  };
  const sampler = new Sampler(codec.vocab, undefined, 1);
  for await (const event of reply(served, await served.backend.open(), sampler, [1], all, { fed: 0, reply: known })) {
    if (event.type === "prefill") continue;
    written.text += event.text;
    if (event.type === "token") written.ids.push(event.id);
    else written.reason = event.reason;
  }
  return written;
}

export const schemaShape = (schema: JsonSchema): ReplyShape => ({
  format: { type: "json_schema", name: "reply", schema, strict: true },
});
