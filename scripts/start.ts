/**
 * npm start, and `rivulet start`: builds what is missing, serves on this machine, and prints a command to try.
 *
 * From the environment: API_KEYS asks callers for keys, ALLOWED_ORIGINS lets pages of other origins in, SESSION_KEY stands in for the
 * folder's own secret.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { totalmem } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { parseKeys } from "../src/api/shared/keys.ts";
import { parseLimits } from "../src/api/shared/quota-limits.ts";
import { ensureKernels } from "./build-wasm.ts";
import { ensurePage } from "./build-web.ts";
import { installed, root } from "./package-root.ts";
import { ensureBundle } from "./serve-bundle.ts";
import { workerdConfig } from "./serve-config.ts";
import { connectionsFor, DOOR_BELOW, openDoor } from "./serve-door.ts";
import { checkShards, entryFor, forecasterFolder, type NamedPack, namedPacks } from "./serve-pack.ts";
import {
  configOf,
  descriptorsMax,
  end,
  launch,
  pause,
  reclaim,
  requireFree,
  type Server,
  UserError,
} from "./serve-process.ts";
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

/** Keys the names of conversations and signs their files; lost with the folder that holds it, unless it comes from outside. */
function sessionKeyOf(folder: string): string {
  if (process.env.SESSION_KEY) return process.env.SESSION_KEY;
  const path = join(folder, "session.key");
  if (!existsSync(path)) writeFileSync(path, randomBytes(32).toString("hex"), { mode: 0o600 });
  return readFileSync(path, "utf8");
}

async function prepare(args: string[]): Promise<{ folder: string; host: string; port: number; restart: boolean }> {
  const options = optionsOf(args);
  let packs: NamedPack[];
  let forecaster: string | undefined;
  try {
    packs = namedPacks(options.packs);
    for (const { folder } of packs) checkShards(folder);
    forecaster = forecasterFolder(options.forecaster);
    if (forecaster) checkShards(forecaster);
  } catch (thrown) {
    throw new UserError((thrown as Error).message);
  }
  const apiKeys = checked(process.env.API_KEYS, parseKeys);
  const limits = checked(process.env.LIMITS, parseLimits);
  mkdirSync(join(options.folder, "objects"), { recursive: true, mode: 0o700 });
  chmodSync(options.folder, 0o700);
  const folder = realpathSync(options.folder);
  await reclaim(folder);
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
  const config = {
    port: options.port,
    host: options.host,
    folder,
    packs,
    forecaster,
    bundle,
    apiKeys,
    sessionKey: sessionKeyOf(folder),
    allowedOrigins: process.env.ALLOWED_ORIGINS ?? "",
    allowedHosts: hostsOf(options.host),
    limits,
    memoryBytes: options.memoryBytes,
    faults,
    faultHook: process.env.FAULT_HOOK ?? "",
  };
  writeFileSync(configOf(folder), workerdConfig(config), { mode: 0o600 });
  return { folder, host: options.host, port: options.port, restart: options.restart };
}

/** Waits until weights are verified and a forward pass has run; gives the model's name. */
async function ready(server: Server, url: string): Promise<string> {
  say("weights  loading and checking");
  const began = Date.now();
  while (Date.now() - began < READY_WITHIN_MS) {
    if (server.process.exitCode !== null || server.process.signalCode)
      throw new Error("the server ended while it was starting");
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    const body = (await answer?.json().catch(() => undefined)) as
      | { model?: string; error?: { code: string; message: string } }
      | undefined;
    if (answer?.ok && body?.model) {
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

/** Ends in a row, each this soon after the start before it, after which something is wrong that no start mends. */
const ENDS_MAX = 5;
const ENDS_WITHIN_MS = 5_000;

/** Where the server listens when another process accepts for it. */
const INNER = "127.0.0.1:0";

async function serve(args: string[]): Promise<void> {
  // What is kept here is for its owner alone, and the server's files come after this process's.
  process.umask(0o077);
  const { folder, host, port, restart } = await prepare(args);
  const descriptors = descriptorsMax();
  let server: Server | undefined;
  const to = () => server?.port ?? 0;
  const most = connectionsFor(descriptors);
  const door = descriptors < DOOR_BELOW ? await openDoor({ host, port, to, most }) : undefined;
  if (door) say(`open     ${most} connections at once, as this machine allows ${descriptors} descriptors`);
  server = await launch(folder, door && INNER, door?.port);
  let stopping = false;
  const stop = async (code: number) => {
    if (stopping) return;
    stopping = true;
    await end(folder, server!);
    process.exit(code);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop(0));
  try {
    const url = `http://127.0.0.1:${door?.port ?? server.port}`;
    invite(url, await ready(server, url));
  } catch (thrown) {
    console.error((thrown as Error).message);
    await stop(1);
  }
  const address = door ? INNER : `${host.includes(":") ? `[${host}]` : host}:${server.port}`;
  for (let ends = 0; !stopping; ) {
    const beganMs = Date.now();
    const how = await ended(server);
    if (stopping) return;
    ends = Date.now() - beganMs < ENDS_WITHIN_MS ? ends + 1 : 1;
    const again = restart && ends < ENDS_MAX;
    console.error(`the server ended (${how})${again ? "; starting it again" : ""}`);
    if (!again) process.exit(1);
    await pause(100 * 2 ** ends);
    if (!stopping) server = await launch(folder, address, door?.port);
  }
}

const ended = ({ process: server }: Server): Promise<string | number> =>
  new Promise((resolve) => {
    if (server.exitCode !== null || server.signalCode) resolve(server.signalCode ?? server.exitCode ?? "");
    else server.once("exit", (code, signal) => resolve(signal ?? code ?? ""));
  });

if (import.meta.main) await start(process.argv.slice(2));
