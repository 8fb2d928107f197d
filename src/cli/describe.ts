/** describe: what is known of a pack, or of a checkpoint that has only its config yet. */
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { chooseCache, STATED_WINDOWS } from "../convert/checkpoint/cache-choice.ts";
import { checkText, textFacts } from "../convert/checkpoint/check-text.ts";
import { readCompanions } from "../convert/checkpoint/folder-companions.ts";
import { readJsonObject } from "../convert/checkpoint/small-file.ts";
import { ggufCompanions } from "../convert/gguf/companions.ts";
import { describeGguf } from "../convert/gguf/source.ts";
import { dtypes } from "../core/dtype.ts";
import { Failure } from "../core/failure.ts";
import { modelFrom } from "../models/index.ts";
import { weightBytes } from "../models/stages.ts";
import { checkWindows } from "../weights/check-windows.ts";
import { folderSource } from "../weights/folder-source.ts";
import { readManifest, readTexts, verifyPack } from "../weights/load-pack.ts";
import { MANIFEST_FILE } from "../weights/parse-manifest.ts";
import { divisionFacts, packFacts } from "./pack-facts.ts";
import { stateCost } from "./sizes-of.ts";

/** What is printed; every size in bytes. */
export type Info = Awaited<ReturnType<typeof describePack>> | (ReturnType<typeof configFacts> & Partial<TextFacts>);
type TextFacts = Awaited<ReturnType<typeof textFacts>>;

interface Options {
  verify: boolean;
  stages?: number;
}

/** Fails with `request_invalid` where neither lies. */
export async function describe(path: string, { verify, stages }: Options): Promise<Info> {
  const isFile = async (file: string) => (await stat(file).catch(() => undefined))?.isFile() === true;
  if (await isFile(join(path, MANIFEST_FILE))) return describePack(path, verify);
  if (await isFile(join(path, "config.json"))) {
    const config = await readJsonObject(join(path, "config.json"));
    const facts = configFacts("config.json", config, stages);
    return {
      ...facts,
      ...(await textFacts({ V: facts.vocab }, async () => readCompanions(path, await readdir(path), config))),
    };
  }
  if (path.endsWith(".json") && (await isFile(path))) return describeConfig(path, stages);
  if (/\.gguf$/i.test(path) && (await isFile(path))) {
    const { config, name, header } = await describeGguf(path);
    const facts = configFacts(name, config, stages);
    return { ...facts, ...(await textFacts({ V: facts.vocab }, () => ggufCompanions(name, header.meta, {}))) };
  }
  throw new Failure("request_invalid", `${path}: expected a pack (${MANIFEST_FILE}), a config.json or a .gguf file`, {
    param: "pack",
  });
}

async function describePack(path: string, verify: boolean) {
  const source = folderSource(path);
  const { manifest, fingerprint } = await readManifest(source);
  const facts = packFacts(manifest);
  if (verify) {
    await verifyPack(source, manifest);
    const { tokenizer, template } = await readTexts(source, manifest);
    checkText(
      { V: facts.vocab },
      {
        name: manifest.name,
        generation: manifest.generation,
        ...(tokenizer === undefined ? {} : { tokenizer: new TextEncoder().encode(tokenizer) }),
        ...(template === undefined ? {} : { template }),
        ...(manifest.tokenizerConfig ? { tokenizerConfig: manifest.tokenizerConfig } : {}),
      },
    );
  }
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
const describeConfig = async (path: string, stages: number | undefined) =>
  configFacts(basename(path), await readJsonObject(path), stages);

function configFacts(name: string, config: Record<string, unknown>, stages: number | undefined) {
  const model = modelFrom(config);
  const cache = chooseCache(config, "q4", {});
  checkWindows(cache, model.state, STATED_WINDOWS);
  return {
    kind: "config" as const,
    name,
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
