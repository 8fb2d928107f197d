/** npm start, and `rivulet start`: builds what is missing, serves on this machine, and prints a command to try. */
import { rmSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { prepare } from "./prepare-start.ts";
import { connectionsFor, DOOR_BELOW, openDoor } from "./serve-door.ts";
import { Kept } from "./serve-kept.ts";
import { descriptorsMax, launch, pause, type Server, UserError } from "./serve-process.ts";
import { workerFolder } from "./serve-workers.ts";
import { startHelp } from "./start-options.ts";

const READY_WITHIN_MS = 300_000;

interface Readiness {
  /** The name of the model, once the server is ready. */
  model?: string;
  error?: { code: string; message: string };
}

/**
 * Asks a server what it says of itself. It does not use `fetch`, whose first call loads
 * more than all the rest of a start.
 */
function asked(url: string): Promise<Readiness> {
  return new Promise((resolve, reject) => {
    const read = async (response: IncomingMessage) => resolve(JSON.parse(await text(response)));
    get(url, { agent: false }, (response) => void read(response).catch(reject)).once("error", reject);
  });
}

/**
 * Waits until weights are verified and a forward pass has run, in every process that computes; gives the model's name.
 */
async function ready({ server }: Kept, url: string): Promise<string> {
  console.log("weights  loading and checking");
  const began = Date.now();
  while (Date.now() - began < READY_WITHIN_MS) {
    if (server.process.exitCode !== null || server.process.signalCode)
      throw new Error("the server ended while it was starting");
    const body = await asked(`${url}/readyz`).catch(() => undefined);
    if (body?.model) {
      console.log(`ready    after ${((Date.now() - began) / 1000).toFixed(1)} s`);
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
  const key = process.env.API_KEYS?.trim() ? " -H 'authorization: Bearer <key>'" : "";
  console.log(`\nServing ${model}. Chat at ${url}/ in a browser, or try:\n`);
  console.log(
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
  if (door) console.log(`open     ${most} connections at once, as this machine allows ${descriptors} descriptors`);
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
