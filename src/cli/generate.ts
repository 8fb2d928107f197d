/** rivulet generate: continues a prompt (or answers it, with --chat) and streams the text to stdout. */
import type { Command } from "commander";
import { loadModel } from "../backends/load-model.ts";
import { check, Failure } from "../core/failure.ts";
import { loadServed } from "../dialogue/load.ts";
import { preludeTokens } from "../dialogue/prelude.ts";
import { reply } from "../dialogue/reply.ts";
import { Sampler } from "../sampling/sampler.ts";
import { packSampling } from "../sampling/sampling.ts";
import { createTextCodec } from "../tokenizer/hf-codec.ts";
import { folderSource } from "../weights/folder-source.ts";
import { integer } from "./arguments.ts";
import { compiledKernels } from "./kernels.ts";

/** Of a text that is continued and has no end of its own. */
const CONTINUED_TOKENS = 256;

interface Options {
  chat?: boolean;
  maxTokens?: number;
  temperature?: number;
  seed: number;
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command("generate")
    .description("continue a prompt and stream the text to stdout")
    .argument("<pack>", "folder of the pack")
    .argument("<prompt>", "text to continue, or the user's message with --chat")
    .option("--chat", "put the prompt into the pack's chat template")
    .option(
      "--max-tokens <n>",
      `longest reply (default: ${CONTINUED_TOKENS}, with --chat what the model's context leaves, as on the server)`,
      integer(1),
    )
    .option("--temperature <t>", "0 is greedy (default: the pack's, as on the server)", temperature)
    .option("--seed <s>", "seed of the sampler", integer(0), 0)
    .option("--json", "print ids, text, finish_reason and timings as one JSON line")
    .action(generate);
}

async function generate(pack: string, prompt: string, options: Options): Promise<void> {
  const started = performance.now();
  const { model, feed, prelude } = await prepare(pack, prompt, options.chat === true);
  const loaded = performance.now();
  const {
    temperature: asked,
    maxTokens = options.chat ? model.manifest.contextLength - feed.length : CONTINUED_TOKENS,
  } = options;
  const sampling = {
    ...packSampling(model.manifest.generation),
    ...(asked === undefined ? {} : { temperature: asked }),
  };
  const sampler = new Sampler(model.backend.vocab, undefined, options.seed);
  const sequence = await model.backend.open();
  const ids: number[] = [];
  let text = "";
  let reason = "length";
  let prefilled = loaded;
  for await (const event of reply(model, sequence, sampler, feed, {
    sampling,
    maxTokens: Math.max(1, Math.min(maxTokens, model.backend.contextLength - feed.length)),
    stop: [],
    ignoreEos: false,
    prelude,
  })) {
    if (event.type === "prefill") {
      prefilled = performance.now();
      continue;
    }
    if (event.type === "token") ids.push(event.id);
    else reason = event.reason;
    text += event.text;
    if (!options.json) process.stdout.write(event.text);
  }
  const ended = performance.now();
  sequence.release();
  if (!options.json) return void process.stdout.write("\n");
  const round = (ms: number) => Math.round(ms * 10) / 10;
  const timings = {
    load_ms: round(loaded - started),
    prefill_tokens: feed.length,
    prefill_ms: round(prefilled - loaded),
    decode_tokens: ids.length,
    decode_ms: round(ended - prefilled),
  };
  process.stdout.write(`${JSON.stringify({ ids, text, finish_reason: reason, timings })}\n`);
}

async function prepare(pack: string, prompt: string, chat: boolean) {
  if (chat) {
    const model = await loadServed(folderSource(pack), compiledKernels());
    const feed = model.prompt.start([{ role: "user", content: prompt }]);
    return { model, feed, prelude: preludeTokens(model.prelude, feed) };
  }
  const { tokenizer, ...loaded } = await loadModel(folderSource(pack), compiledKernels());
  check(
    tokenizer !== undefined,
    "weights_invalid",
    () => "the pack has no tokenizer: it can be scored, not generated from",
    "tokenizer",
  );
  const config = loaded.manifest.tokenizerConfig ?? {};
  const codec = createTextCodec(JSON.parse(tokenizer), config);
  const { bos } = loaded.manifest.generation;
  const feed = [...(config.add_bos_token === true && bos !== undefined ? [bos] : []), ...codec.encodeText(prompt)];
  check(feed.length > 0, "request_invalid", () => "prompt: expected some text, got none", "prompt");
  return { model: { ...loaded, codec }, feed, prelude: 0 };
}

function temperature(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 10) return value;
  throw new Failure("request_invalid", `--temperature: expected a number from 0 to 10, got ${text}`, {
    param: "temperature",
  });
}
