/**
 * npm start, and `rivulet start`: builds what is missing, serves on this machine, and prints a command to try.
 *
 * From the environment: API_KEYS asks callers for keys, ALLOWED_ORIGINS lets pages of other origins in, SESSION_KEY stands in for the
 * folder's own secret.
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join, relative } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { parseKeys } from "../src/api/shared/keys.ts";
import { countSetting, startCounts } from "../src/core/settings.ts";
import { ensureKernels } from "./build-wasm.ts";
import { ensurePage } from "./build-web.ts";
import { installed, root } from "./package-root.ts";
import { ensureBundle } from "./serve-bundle.ts";
import { type Among, workerdConfig } from "./serve-config.ts";
import { connectionsFor, DOOR_BELOW, openDoor } from "./serve-door.ts";
import { Kept } from "./serve-kept.ts";
import { checkShards, entryFor, forecasterFolder, type NamedPack, namedPacks } from "./serve-pack.ts";
import {
  configOf,
  descriptorsMax,
  launch,
  pause,
  reclaim,
  requireFree,
  type Server,
  UserError,
} from "./serve-process.ts";
import { arrange, workerFolder, workersFor, workersIn } from "./serve-workers.ts";
import { sizeOf, startHelp, startOptions } from "./start-options.ts";

const say = (line: string) => console.log(line);
/** What the Worker has on Cloudflare. */
const LEAST_MEMORY_BYTES = 128_000_000;
const READY_WITHIN_MS = 300_000;

function optionsOf(args: string[]) {
  try {
    const { values } = parseArgs({ args, options: startOptions });
    const port = values.port ?? process.env.PORT ?? "8787";
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Error(`--port: expected 0 to 65535, got ${port}`);
    const folder = values["persist-to"] ?? join(installed ? process.cwd() : root, ".rivulet");
    const host = values.host ?? "127.0.0.1";
    if (isIP(host) === 0) throw new Error(`--host: expected an IP address, got ${host}`);
    const memoryBytes =
      values.memory === undefined ? Math.max(LEAST_MEMORY_BYTES, Math.floor(totalmem() / 4)) : sizeOf(values.memory);
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
 * Names under which this machine is reached, and those that are listed. Where it listens on every address, every address is one of its own:
 * what must not pass is a name, which its owner may point anywhere.
 */
const hostsOf = (host: string): string =>
  [
    ...["localhost", "127.0.0.1", "[::1]", host.includes(":") ? `[${host}]` : host],
    ...(["0.0.0.0", "::"].includes(host) ? ["address"] : []),
    ...(process.env.ALLOWED_HOSTS ?? "").split(/[\s,]+/),
  ]
    .filter(Boolean)
    .join(",");

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

/** Keys the names of conversations and signs their files; lost with the folder that holds it, unless it comes from outside. */
function sessionKeyOf(folder: string): string {
  if (process.env.SESSION_KEY) return process.env.SESSION_KEY;
  const path = join(folder, "session.key");
  if (!existsSync(path)) writeFileSync(path, randomBytes(32).toString("hex"), { mode: 0o600 });
  return readFileSync(path, "utf8");
}

interface Prepared {
  folder: string;
  host: string;
  port: number;
  restart: boolean;
  /** Of several processes; absent where there is one. */
  among?: Omit<Among, "worker"> & { sockets: string };
}

async function prepare(args: string[]): Promise<Prepared> {
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
  const apiKeys = checked(process.env.API_KEYS, parseKeys);
  const limits = await checkedLimits(process.env.LIMITS);
  for (const name of startCounts) checked(process.env[name], (text) => countSetting({ [name]: text }, name));
  mkdirSync(join(options.folder, "objects"), { recursive: true, mode: 0o700 });
  chmodSync(options.folder, 0o700);
  const folder = realpathSync(options.folder);
  for (const worker of workersIn(folder)) await reclaim(workerFolder(folder, worker));
  if (options.port !== 0) await requireFree(options.port, options.host);
  const kernels = await ensureKernels();
  say(`kernels  ${kernels.built ? "built" : "up to date"}`);
  const page = await ensurePage();
  say(`page     ${page.built ? "built" : "up to date"}`);
  const faults = process.env.FAULTS ?? "";
  const bundle = ensureBundle({ entry: entryFor(packs), faultPoints: faults !== "" });
  say(`worker   ${bundle.built ? "built" : "up to date"}`);
  for (const { folder: pack, name } of packs)
    say(`pack     ${relative(process.cwd(), pack) || "."}${name === undefined ? "" : ` as ${name}`}`);
  if (!forecaster) say("streams  none: npm install rivulet-forecast, or name a forecaster with --forecaster <folder>");
  if (!/^127\.|^::1$/.test(options.host) && !process.env.API_KEYS)
    say(`open     whoever reaches ${options.host} may use the server; API_KEYS asks for keys`);
  arrange(folder, workers);
  if (workers > 1) say(`workers  ${workers} processes, each with conversations of its own`);
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

interface Readiness {
  /** The name of the model, once the server is ready. */
  model?: string;
  error?: { code: string; message: string };
}

/** Asks a server what it says of itself. It does not use `fetch`, whose first call loads more than all the rest of a start. */
function asked(url: string): Promise<Readiness> {
  return new Promise((resolve, reject) => {
    const read = async (response: IncomingMessage) => resolve(JSON.parse(await text(response)));
    get(url, { agent: false }, (response) => void read(response).catch(reject)).once("error", reject);
  });
}

/** Waits until weights are verified and a forward pass has run, in every process that computes; gives the model's name. */
async function ready({ server }: Kept, url: string): Promise<string> {
  say("weights  loading and checking");
  const began = Date.now();
  while (Date.now() - began < READY_WITHIN_MS) {
    if (server.process.exitCode !== null || server.process.signalCode)
      throw new Error("the server ended while it was starting");
    const body = await asked(`${url}/readyz`).catch(() => undefined);
    if (body?.model) {
      say(`ready    after ${((Date.now() - began) / 1000).toFixed(1)} s`);
      return body.model;
    }
    if (body?.error && body.error.code !== "weights_unavailable" && body.error.code !== "busy")
      throw new Error(body.error.message);
    await pause(200);
  }
  throw new Error("the server was not ready in time");
}

function invite(url: string, model: string): void {
  const body = JSON.stringify({
    model,
    messages: [{ role: "user", content: "Why is the sky blue?" }],
    max_tokens: 100,
  });
  const key = process.env.API_KEYS ? " -H 'authorization: Bearer <key>'" : "";
  say(`\nServing ${model}. Chat at ${url}/ in a browser, or try:\n`);
  say(
    `curl ${url}/v1/chat/completions -H 'content-type: application/json'${key} -H 'x-session-id: first' -d '${body}'\n`,
  );
}

/** Serves until a signal comes; ends the process with 2 where the options are at fault, with 1 where the server is. */
export async function start(args: string[]): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) return void process.stdout.write(startHelp());
  try {
    await serve(args);
  } catch (thrown) {
    console.error((thrown as Error).message);
    process.exit(thrown instanceof UserError ? 2 : 1);
  }
}

/** Where the server listens when another process accepts for it. */
const INNER = "127.0.0.1:0";

async function serve(args: string[]): Promise<void> {
  // What is kept here is for its owner alone, and the server's files come after this process's.
  process.umask(0o077);
  const { folder, host, port, restart, among } = await prepare(args);
  const descriptors = descriptorsMax();
  let front: Kept | undefined;
  const to = () => front?.server.port ?? 0;
  const most = connectionsFor(descriptors);
  const door = descriptors < DOOR_BELOW ? await openDoor({ host, port, to, most }) : undefined;
  if (door) say(`open     ${most} connections at once, as this machine allows ${descriptors} descriptors`);
  const kept: Kept[] = [];
  let isStopping = false;
  const stop = async (code: number) => {
    if (isStopping) return;
    isStopping = true;
    await Promise.all(kept.map((one) => one.stop()));
    if (among) rmSync(among.sockets, { recursive: true, force: true });
    process.exit(code);
  };
  /** A socket's file outlives its process. */
  const fresh = (worker: number) => {
    if (among) rmSync(among.socketOf(worker), { force: true });
  };
  const fixed = ({ port }: Server) => `${host.includes(":") ? `[${host}]` : host}:${port}`;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop(0));
  try {
    for (let worker = 1; worker <= (among?.workers ?? 0); worker++) {
      const own = workerFolder(folder, worker);
      const start = () => {
        fresh(worker);
        return launch(own, { socket: "inside" });
      };
      kept.push(await Kept.start({ name: `worker ${worker}`, folder: own, restart, launch: start }));
    }
    front = await Kept.start({
      name: "the server",
      folder,
      restart,
      launch: (before) => {
        fresh(0);
        return launch(folder, { address: door ? INNER : before && fixed(before), shown: door?.port });
      },
    });
    kept.push(front);
    const url = `http://127.0.0.1:${door?.port ?? front.server.port}`;
    invite(url, await ready(front, url));
  } catch (thrown) {
    console.error((thrown as Error).message);
    await stop(1);
  }
  await Promise.race(kept.map(({ over }) => over));
  await stop(1);
}

if (import.meta.main) await start(process.argv.slice(2));
