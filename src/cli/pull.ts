/** rivulet pull: a checkpoint from a Hugging Face-compatible hub → a pack. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { chooseCache } from "../convert/checkpoint/cache-choice.ts";
import { readJsonObject } from "../convert/checkpoint/small-file.ts";
import { convert } from "../convert/convert.ts";
import { openCheckpoint } from "../convert/open-checkpoint.ts";
import { checkPackTarget, makeFolders } from "../convert/pack/pack-folder.ts";
import { type Dtype, dtypes } from "../core/dtype.ts";
import { chooseFiles, indexedFiles } from "../hub/choose-files.ts";
import { checkDiskRoom } from "../hub/disk-room.ts";
import { download, presentBytes } from "../hub/download.ts";
import { openRepository, parseRepository, type Repository, type RepositoryFile } from "../hub/repository.ts";
import { modelFrom, textConfig } from "../models/index.ts";
import { weightBytes } from "../models/stages.ts";
import { bytes, count } from "./amounts.ts";
import { integer } from "./arguments.ts";
import { compiledKernels } from "./kernels.ts";
import { progressOn } from "./progress.ts";

interface Options {
  dtype: Dtype;
  stages?: number;
  name?: string;
  file?: string;
  keep?: boolean;
  force?: boolean;
}

export function register(program: Command): void {
  program
    .command("pull")
    .description("download a checkpoint from a Hugging Face-compatible hub and convert it")
    .argument("<owner/name[@revision]>", "the repository, and a branch, tag or commit of it")
    .argument("[pack]", "folder to write (default: the repository's name)")
    .addOption(new Option("--dtype <dtype>", "how matrices are stored").choices([...dtypes].reverse()).default("q4"))
    .option("--stages <n>", "divide the model into n stages, for a pipeline of isolates", integer(2, 1024))
    .option("--file <path>", "one .gguf file of the repository")
    .option("--name <name>", "name of the model (default: the repository's)")
    .option("--keep", "keep what was downloaded")
    .option("--force", "overwrite a pack")
    .addHelpText(
      "after",
      "\nEnvironment: HF_ENDPOINT is the hub's URL, HF_TOKEN the token for private and gated repositories.",
    )
    .action(pull);
}

async function pull(text: string, target: string | undefined, options: Options): Promise<void> {
  const { name } = parseRepository(text);
  const pack = target ?? basename(name);
  await checkPackTarget(pack, options.force === true);
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    await pulled(text, pack, options, interrupt.signal);
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

async function pulled(text: string, pack: string, options: Options, signal: AbortSignal): Promise<void> {
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token } = process.env;
  const repository = await openRepository(text, {
    ...(endpoint ? { endpoint } : {}),
    ...(token ? { token } : {}),
    signal,
  });
  say(`${repository.name} at ${repository.commit.slice(0, 12)}, licence: ${repository.licence ?? "not stated"}`);
  const folder = downloadFolder(pack);
  await clearOther(folder, repository);
  const fetched = { any: false };
  try {
    const source = await downloaded(repository, folder, options, signal, fetched);
    await converted(source, pack, repository, options, signal);
  } catch (thrown) {
    // What has cost nothing is not kept; weights are, for the next call.
    if (!fetched.any) await rm(folder, { recursive: true, force: true });
    throw thrown;
  }
  if (options.keep) say(`downloaded files are kept in ${folder}`);
  else await rm(folder, { recursive: true, force: true });
}

/** Beside the pack, so that both lie on one disk; what a broken download has brought stays there for the next call. */
const downloadFolder = (pack: string): string => join(dirname(resolve(pack)), `.${basename(resolve(pack))}.download`);

const ORIGIN = ".origin";

/** A folder of downloads belongs to one commit; another's files would pass for this one's by name and size. */
async function clearOther(folder: string, { name, commit }: Repository): Promise<void> {
  const origin = `${name}@${commit}\n`;
  const known = await readFile(join(folder, ORIGIN), "utf8").catch(() => undefined);
  if (known === origin) return;
  await rm(folder, { recursive: true, force: true });
  await makeFolders(folder);
  await writeFile(join(folder, ORIGIN), origin);
}

/** Gives what `openCheckpoint` takes: the folder, or the .gguf file in it. */
async function downloaded(
  repository: Repository,
  folder: string,
  { file, dtype }: Options,
  signal: AbortSignal,
  fetched: { any: boolean },
): Promise<string> {
  const chosen = chooseFiles(repository, file);
  const progress = progressOn(process.stderr, "downloading");
  const fetchAll = async (files: readonly RepositoryFile[], show: boolean) => {
    const total = files.reduce((n, { bytes: size }) => n + size, 0);
    let done = 0;
    for (const one of files) {
      await download(repository, one, folder, {
        signal,
        onProgress: (have) => show && progress.show(done + have, total),
      });
      done += one.bytes;
    }
  };
  try {
    await fetchAll([...chosen.small, ...(chosen.index ? [chosen.index] : [])], false);
    const weights = chosen.index
      ? indexedFiles(repository, await readJsonObject(join(folder, chosen.index.path)))
      : chosen.weights;
    const missing = (
      await Promise.all(weights.map(async (one) => one.bytes - (await presentBytes(folder, one))))
    ).reduce((n, size) => n + size, 0);
    // A model that is not known is refused before its weights are fetched.
    const packBytes = chosen.small.some(({ path }) => path === "config.json")
      ? weightBytes(modelFrom(textConfig(await readJsonObject(join(folder, "config.json")))), dtype)
      : weights.reduce((n, { bytes: size }) => n + size, 0);
    const total = weights.reduce((n, { bytes: size }) => n + size, 0);
    say(
      `weights ${bytes(total)}${missing < total ? `, ${bytes(missing)} of them still to fetch` : ""}; pack about ${bytes(packBytes)}`,
    );
    fetched.any = missing < total;
    await checkDiskRoom(folder, missing + Math.ceil(1.02 * packBytes), "download and pack");
    fetched.any = true;
    await fetchAll(weights, true);
    const [only] = weights;
    return weights.length === 1 && /\.gguf$/i.test(only!.path) ? join(folder, basename(only!.path)) : folder;
  } finally {
    progress.end();
  }
}

async function converted(
  path: string,
  pack: string,
  repository: Repository,
  options: Options,
  signal: AbortSignal,
): Promise<void> {
  const source = await openCheckpoint(path);
  const progress = progressOn(process.stderr, "converting");
  try {
    const origin = { repository: repository.name, revision: repository.commit };
    const { manifest, fingerprint } = await convert(
      { ...source, provenance: async (stop) => ({ ...(await source.provenance(stop)), ...origin }) },
      pack,
      {
        dtype: options.dtype,
        cache: chooseCache(source.config, options.dtype, {}),
        name: options.name ?? basename(repository.name),
        ...(repository.licence === undefined ? {} : { licence: repository.licence }),
        ...(options.stages === undefined ? {} : { stages: options.stages }),
        force: options.force === true,
        kernels: compiledKernels(),
        onProgress: progress.show,
        signal,
      },
    );
    progress.end();
    const size = manifest.shards.reduce((n, shard) => n + shard.bytes, 0);
    say(`${pack}: ${manifest.model.type}, ${count(manifest.parameters)} parameters, ${manifest.dtype}, ${bytes(size)}`);
    say(`fingerprint ${fingerprint}`);
    say(`serve it with: rivulet start --pack ${pack}`);
  } finally {
    progress.end();
    await source.close();
  }
}

const say = (text: string): void => void process.stdout.write(`${text.replace(/\p{Cc}/gu, "\ufffd")}\n`);
