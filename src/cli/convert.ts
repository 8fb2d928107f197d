/** rivulet convert: a checkpoint → a pack. */
import { readFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { chooseCache } from "../convert/checkpoint/cache-choice.ts";
import { convert } from "../convert/convert.ts";
import { openCheckpoint } from "../convert/open-checkpoint.ts";
import { type Dtype, dtypes } from "../core/dtype.ts";
import { check, Failure } from "../core/failure.ts";
import { type CachePolicy, type Manifest, WINDOW_MAX } from "../weights/manifest.ts";
import { bytes, count } from "./amounts.ts";
import { integer, integersByIndex, jsonObject } from "./arguments.ts";
import { compiledKernels } from "./kernels.ts";
import { progressOn } from "./progress.ts";

interface Options {
  dtype: Dtype;
  window?: number;
  windows?: Record<string, number>;
  sinks?: number;
  cacheDtype?: CachePolicy["dtype"];
  name?: string;
  licence?: string;
  systemPrompt?: string;
  template?: string;
  generation?: Partial<Manifest["generation"]>;
  quality?: Manifest["quality"];
  stages?: number;
  tokenizer: boolean;
  force?: boolean;
}

export function register(program: Command): void {
  program
    .command("convert")
    .description("make a pack from a Hugging Face folder or a .gguf file")
    .argument("<source>", "folder with config.json and .safetensors files, or a .gguf file")
    .argument("<pack>", "folder to write; it appears only when complete")
    .addOption(new Option("--dtype <dtype>", "how matrices are stored").choices([...dtypes].reverse()).default("q4"))
    .option("--window <n>", "attention sees the last n positions (default: all)", integer(1, WINDOW_MAX))
    .option(
      "--windows <layer=n,…>",
      "windows of single attention layers by index, e.g. 20=2048,23=2048 (default: the source's, without --window)",
      integersByIndex(WINDOW_MAX),
    )
    .option("--sinks <n>", "and the first n", integer(0, 1024))
    .addOption(new Option("--cache-dtype <dtype>", "how keys and values are kept").choices(["f32", "int8"]))
    .option("--name <name>", "name of the model (default: the source's)")
    .option("--licence <licence>", "licence of the weights (default: what the source says)")
    .option("--system-prompt <text>", "what a conversation without a system message begins with")
    .option("--template <file>", "chat template in Jinja, in place of the source's or where it has none")
    .option("--generation <json>", 'defaults of generation, e.g. {"temperature":0.2,"topP":0.9}', jsonObject)
    .option("--quality <json>", "measured figures to state in the manifest", jsonObject)
    .option("--stages <n>", "divide the model into n stages, for a pipeline of isolates", integer(2, 1024))
    .option("--no-tokenizer", "leave the tokenizer out")
    .option("--force", "overwrite a pack; split text as usual where a GGUF names an unknown way")
    .action(run);
}

async function run(path: string, pack: string, options: Options): Promise<void> {
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const source = await openCheckpoint(path, { anyPre: options.force === true, noTokenizer: !options.tokenizer });
  const progress = progressOn(process.stderr, "converting");
  try {
    const cache = chooseCache(source.config, options.dtype, cacheOptions(options));
    check(
      options.sinks === undefined || cache.policy === "window",
      "request_invalid",
      () => "--sinks: only with --window",
      "sinks",
    );
    const { template: file, ...stated } = options;
    const template = file === undefined ? {} : { template: await readTemplate(file) };
    const { manifest, fingerprint } = await convert(source, pack, {
      ...stated,
      ...template,
      cache,
      kernels: compiledKernels(),
      onProgress: progress.show,
      signal: interrupt.signal,
    });
    progress.end();
    const size = manifest.shards.reduce((n, shard) => n + shard.bytes, 0);
    const stages = manifest.stages ? `, ${manifest.stages.length} stages` : "";
    const shards = `${bytes(size)} in ${manifest.shards.length} shard${manifest.shards.length === 1 ? "" : "s"}`;
    process.stdout.write(
      `${pack}: ${manifest.model.type}, ${count(manifest.parameters)} parameters, ${manifest.dtype}, ${shards}${stages}\n`,
    );
    process.stdout.write(`fingerprint ${fingerprint}\n`);
  } finally {
    progress.end();
    process.off("SIGINT", stop).off("SIGTERM", stop);
    await source.close();
  }
}

/** Fails with `request_invalid` where there is no such file, or nothing in it. */
async function readTemplate(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new Failure("request_invalid", `--template: ${file}: expected a file that can be read (${cause.code})`, {
      param: "template",
      cause,
    });
  });
  const message = () => `--template: ${file}: expected a Jinja template, got an empty file`;
  check(text.trim() !== "", "request_invalid", message, "template");
  return text;
}

const cacheOptions = ({ window, windows, sinks, cacheDtype }: Options) => ({
  ...(window === undefined ? {} : { window }),
  ...(windows === undefined ? {} : { windows }),
  ...(sinks === undefined ? {} : { sinks }),
  ...(cacheDtype === undefined ? {} : { dtype: cacheDtype }),
});
