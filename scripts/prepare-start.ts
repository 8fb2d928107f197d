/**
 * prepare: everything about a start that can be known, and refused, before the server runs.
 *
 * From the environment: API_KEYS asks callers for keys, ALLOWED_ORIGINS lets pages of other origins in, SESSION_KEY
 * stands in for the folder's own secret.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { parseKeys } from "../src/api/shared/keys.ts";
import { makeFolders } from "../src/convert/pack/pack-folder.ts";
import { countSetting, listSetting, startCounts } from "../src/core/settings.ts";
import { ensureKernels } from "./build-wasm.ts";
import { ensurePage } from "./build-web.ts";
import { installed, root } from "./package-root.ts";
import { ensureBundle } from "./serve-bundle.ts";
import { type Among, workerdConfig } from "./serve-config.ts";
import { checkShards, entryFor, forecasterFolder, type NamedPack, namedPacks } from "./serve-pack.ts";
import { claim, configOf, reclaim, requireFree, UserError } from "./serve-process.ts";
import { arrange, workerFolder, workersFor, workersIn } from "./serve-workers.ts";
import { sizeOf, startOptions, usualMemory } from "./start-options.ts";

/** What the Worker has on Cloudflare. */
const LEAST_MEMORY_BYTES = 128_000_000;

function optionsOf(args: string[]) {
  try {
    const { values } = parseArgs({ args, options: startOptions });
    const port = values.port ?? process.env.PORT ?? "8787";
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
      throw new Error(`${values.port === undefined ? "PORT" : "--port"}: expected 0 to 65535, got ${port}`);
    const folder = values["persist-to"] ?? join(installed ? process.cwd() : root, ".rivulet");
    const host = values.host ?? "127.0.0.1";
    if (isIP(host) === 0) throw new Error(`--host: expected an IP address, got ${host}`);
    const memoryBytes =
      values.memory === undefined
        ? Math.max(LEAST_MEMORY_BYTES, usualMemory(totalmem(), process.constrainedMemory()))
        : sizeOf(values.memory);
    if (memoryBytes === undefined || memoryBytes < LEAST_MEMORY_BYTES)
      throw new Error(`--memory: expected at least 128M, as in 900M or 4G, got ${values.memory}`);
    return {
      port: Number(port),
      host,
      folder,
      packs: values.pack,
      forecaster: values.forecaster,
      memoryBytes,
      workers: values.workers,
      restart: !values["no-restart"],
    };
  } catch (thrown) {
    throw new UserError(`${(thrown as Error).message.split("\n")[0]}; --help lists the options`);
  }
}

/**
 * Names under which this machine is reached, and those that are listed. Where it listens on every address, every
 * address is one of its own: what must not pass is a name, which its owner may point anywhere.
 */
const hostsOf = (host: string): string =>
  [
    "localhost",
    "127.0.0.1",
    "[::1]",
    host.includes(":") ? `[${host}]` : host,
    ...(["0.0.0.0", "::"].includes(host) ? ["address"] : []),
    ...listSetting(process.env, "ALLOWED_HOSTS"),
  ].join(",");

/** Throws one line. */
function checked(text = "", parse: (text: string) => unknown): string {
  try {
    parse(text);
    return text;
  } catch (thrown) {
    throw new UserError((thrown as Error).message);
  }
}

/** Loads the library that checks limits only where there are any, because loading it takes a fourth of a start. */
async function checkedLimits(text = ""): Promise<string> {
  if (text === "") return "";
  const { parseLimits } = await import("../src/api/shared/quota-limits.ts");
  return checked(text, parseLimits);
}

/** Makes the folder where it is not there, for its owner alone, and gives its real path. Throws one line. */
async function ownFolder(path: string): Promise<string> {
  try {
    await makeFolders(join(path, "objects"));
    chmodSync(path, 0o700);
    return realpathSync(path);
  } catch (thrown) {
    throw new UserError(`--persist-to: ${path} cannot be used (${(thrown as NodeJS.ErrnoException).code})`);
  }
}

/**
 * Keys the names of conversations and signs their files; lost with the folder that holds
 * it, unless it comes from outside.
 */
function sessionKeyOf(folder: string): string {
  if (process.env.SESSION_KEY) return process.env.SESSION_KEY;
  const path = join(folder, "session.key");
  if (!existsSync(path)) writeFileSync(path, randomBytes(32).toString("hex"), { mode: 0o600 });
  return readFileSync(path, "utf8");
}

/** What there is to serve. */
interface Prepared {
  folder: string;
  host: string;
  port: number;
  restart: boolean;
  /** Of several processes; absent where there is one. */
  among?: Omit<Among, "worker"> & { sockets: string };
}

/**
 * Checks the options and the environment, builds what is missing, and writes the server's configurations.
 * Throws `UserError` with one line.
 */
export async function prepare(args: string[]): Promise<Prepared> {
  const options = optionsOf(args);
  let packs: NamedPack[];
  let forecaster: string | undefined;
  let workers: number;
  try {
    packs = namedPacks(options.packs);
    for (const { folder } of packs) checkShards(folder);
    workers = workersFor(options.workers, packs, {
      cores: availableParallelism(),
      memoryBytes: options.memoryBytes,
      leastBytes: LEAST_MEMORY_BYTES,
    });
    forecaster = forecasterFolder(options.forecaster);
    if (forecaster) checkShards(forecaster);
  } catch (thrown) {
    throw new UserError((thrown as Error).message);
  }
  const apiKeys = checked(process.env.API_KEYS?.trim(), parseKeys);
  const limits = await checkedLimits(process.env.LIMITS);
  for (const name of startCounts) checked(process.env[name], (text) => countSetting({ [name]: text }, name));
  for (const name of ["ALLOWED_ORIGINS", "ALLOWED_HOSTS"] as const)
    checked(process.env[name], (text) => listSetting({ [name]: text }, name));
  const folder = await ownFolder(options.folder);
  for (const worker of workersIn(folder)) await reclaim(workerFolder(folder, worker));
  claim(folder);
  if (options.port !== 0) await requireFree(options.port, options.host);
  const kernels = await ensureKernels();
  console.log(`kernels  ${kernels.built ? "built" : "up to date"}`);
  const page = await ensurePage();
  console.log(`page     ${page.built ? "built" : "up to date"}`);
  const faults = process.env.FAULTS ?? "";
  const bundle = ensureBundle({ entry: entryFor(packs), faultPoints: faults !== "" });
  console.log(`worker   ${bundle.built ? "built" : "up to date"}`);
  for (const { folder: pack, name } of packs)
    console.log(`pack     ${relative(process.cwd(), pack) || "."}${name === undefined ? "" : ` as ${name}`}`);
  if (!forecaster)
    console.log("streams  none: npm install rivulet-forecast, or name a forecaster with --forecaster <folder>");
  if (!/^127\.|^::1$/.test(options.host) && !apiKeys)
    console.log(`open     whoever reaches ${options.host} may use the server; API_KEYS asks for keys`);
  arrange(folder, workers);
  if (workers > 1) console.log(`workers  ${workers} processes, each with conversations of its own`);
  const sockets = workers > 1 ? mkdtempSync(join(tmpdir(), "rivulet-")) : undefined;
  const socketOf = (worker: number) => join(sockets ?? "", `${worker}.sock`);
  const config = {
    port: options.port,
    host: options.host,
    packs,
    forecaster,
    bundle,
    apiKeys,
    sessionKey: sessionKeyOf(folder),
    allowedOrigins: process.env.ALLOWED_ORIGINS ?? "",
    allowedHosts: hostsOf(options.host),
    limits,
    memoryBytes: Math.floor(options.memoryBytes / workers),
    faults,
    faultHook: process.env.FAULT_HOOK ?? "",
  };
  for (let worker = 0; worker <= (workers > 1 ? workers : 0); worker++) {
    const own = workerFolder(folder, worker);
    const among = workers > 1 ? { worker, workers, socketOf } : undefined;
    writeFileSync(configOf(own), workerdConfig({ ...config, folder: own, among }), { mode: 0o600 });
  }
  const { host, port, restart } = options;
  return { folder, host, port, restart, ...(sockets === undefined ? {} : { among: { workers, socketOf, sockets } }) };
}
