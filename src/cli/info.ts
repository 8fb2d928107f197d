/** rivulet info: what a pack holds and what its conversations will cost; of a checkpoint's config, what it would be. */
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Command } from "commander";
import { readJsonObject } from "../convert/checkpoint/small-file.ts";
import { chooseCache, STATED_WINDOWS } from "../convert/pack/cache-choice.ts";
import { dtypes } from "../core/dtype.ts";
import { Failure } from "../core/failure.ts";
import { modelFrom } from "../models/index.ts";
import { weightBytes } from "../models/stages.ts";
import { checkWindows } from "../weights/check-windows.ts";
import { folderSource } from "../weights/folder-source.ts";
import { readManifest, verifyPack } from "../weights/load-pack.ts";
import { MANIFEST_FILE } from "../weights/parse-manifest.ts";
import { integer } from "./arguments.ts";
import { divisionFacts, packFacts } from "./pack-facts.ts";
import { printInfo } from "./print-info.ts";
import { stateCost } from "./sizes-of.ts";

export function register(program: Command): void {
  program
    .command("info")
    .description("describe a pack (or a checkpoint's config.json) and check every byte of it")
    .argument("<pack>", "folder of the pack; or a checkpoint's folder or config.json")
    .option("--json", "print one JSON line")
    .option("--no-verify", "do not read the weights")
    .option("--stages <n>", "of a config: what a division into n stages would hold at q4", integer(2, 1024))
    .action(info);
}

/** What is printed; every size in bytes. */
export type Info = Awaited<ReturnType<typeof describePack>> | Awaited<ReturnType<typeof describeConfig>>;

interface Options {
  json?: boolean;
  verify: boolean;
  stages?: number;
}

async function info(path: string, options: Options): Promise<void> {
  const facts = await describe(path, options);
  process.stdout.write(options.json ? `${JSON.stringify(facts)}\n` : printInfo(facts));
}

async function describe(path: string, { verify, stages }: Options): Promise<Info> {
  const isFile = async (file: string) => (await stat(file).catch(() => undefined))?.isFile() === true;
  if (await isFile(join(path, MANIFEST_FILE))) return describePack(path, verify);
  if (await isFile(join(path, "config.json"))) return describeConfig(join(path, "config.json"), stages);
  if (path.endsWith(".json") && (await isFile(path))) return describeConfig(path, stages);
  throw new Failure("request_invalid", `${path}: expected a pack (${MANIFEST_FILE}) or a config.json`, {
    param: "pack",
  });
}

async function describePack(path: string, verify: boolean) {
  const source = folderSource(path);
  const { manifest, fingerprint } = await readManifest(source);
  const facts = packFacts(manifest);
  if (verify) await verifyPack(source, manifest);
  const { name, dtype, licence, provenance, quality, cache, contextLength, generation, tokenizer, template } = manifest;
  return {
    kind: "pack" as const,
    name,
    ...facts,
    dtype,
    contextLength,
    bytes: manifest.shards.reduce((n, shard) => n + shard.bytes, 0),
    shards: manifest.shards.length,
    cache,
    tokenizer: tokenizer !== undefined,
    template: template !== undefined,
    generation,
    licence: licence ?? null,
    provenance,
    quality: quality ?? null,
    fingerprint,
    verified: verify,
  };
}

/** A config alone: nothing is stored yet, so bytes are given for every dtype. */
async function describeConfig(path: string, stages: number | undefined) {
  const config = await readJsonObject(path);
  const model = modelFrom(config);
  const cache = chooseCache(config, "q4", {});
  checkWindows(cache, model.state, STATED_WINDOWS);
  return {
    kind: "config" as const,
    name: basename(path),
    architecture: model.type,
    parameters: model.parameters,
    vocab: model.V,
    contextLength: model.contextLength,
    bytesAt: Object.fromEntries(dtypes.map((dtype) => [dtype, weightBytes(model, dtype)])),
    cache,
    state: stateCost(model, cache),
    ...(stages === undefined ? {} : { stages: divisionFacts(model, cache, stages) }),
  };
}
