/**
 * workerd's configuration for one local server: the built Worker, a pack on disk behind the
 * assets binding, objects on disk.
 */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { startCounts } from "../src/core/settings.ts";
import { encoderFolder } from "./package-root.ts";
import type { Bundle } from "./serve-bundle.ts";
import { type NamedPack, setting } from "./serve-pack.ts";

interface ServeOptions {
  port: number;
  host: string;
  /** Where objects, the process file and the configuration lie. */
  folder: string;
  /** The default one first. */
  packs: readonly NamedPack[];
  /** The forecaster's pack, where there is one. */
  forecaster?: string | undefined;
  bundle: Bundle;
  apiKeys: string;
  sessionKey: string;
  allowedOrigins: string;
  allowedHosts: string;
  limits: string;
  /** Memory for models and conversations. */
  memoryBytes: number;
  /** Which of several processes this is; absent where there is one. */
  among?: Among | undefined;
  /** A plan of faults, and where its barriers call: for tests (durable-objects/platform/fault-points.ts). */
  faults?: string;
  faultHook?: string;
}

/**
 * One of the processes of a machine (durable-objects/platform/peers.ts): 0 takes the requests, 1 to
 * `workers` hold the conversations.
 */
export interface Among {
  worker: number;
  workers: number;
  /** Where process number so-and-so listens for the others. */
  socketOf(worker: number): string;
}

/** All stages share one isolate here, and this machine has the memory that an isolate has not. */
const STAGE_MAX_BYTES = 16 * 1024 ** 3;

/** Processes ask each other's objects by HTTP and by the runtime's RPC, over one socket. */
const BY_RPC = 'http = (capnpConnectHost = "inside")';

const text = (value: string) => JSON.stringify(value);
const kinds: Record<string, string> = { js: "esModule", wasm: "wasm", bin: "data" };

/**
 * Each pack has a service and a binding of its own, since they lie anywhere on the disk
 * (durable-objects/model/pack.ts).
 */
const pathOf = (packs: readonly NamedPack[]): string =>
  packs.map(({ name }, i) => `${name === undefined ? "" : `${name}=`}${i === 0 ? "" : `ASSETS_${i}:`}.`).join(",");

/** Paths of `embed` are relative to the configuration file. */
export function workerdConfig({
  port,
  host,
  folder,
  packs,
  forecaster,
  bundle,
  apiKeys,
  sessionKey,
  allowedOrigins,
  allowedHosts,
  limits,
  memoryBytes,
  among,
  faults,
  faultHook,
}: ServeOptions): string {
  const modules = bundle.modules.map((name, i) => {
    const path = relative(folder, join(bundle.folder, name));
    return `    (name = ${text(i === 0 ? name : `./${name}`)}, ${kinds[name.split(".").at(-1)!]} = embed ${text(path)}),`;
  });
  const peers = among ? Array.from({ length: among.workers + 1 }, (_, n) => n).filter((n) => n !== among.worker) : [];
  const listener = `(name = "http", address = ${text(`${host.includes(":") ? `[${host}]` : host}:${port}`)}, http = (), service = "main")`;
  const sockets = among
    ? [
        ...(among.worker === 0 ? [listener] : []),
        `(name = "inside", address = ${text(`unix:${among.socketOf(among.worker)}`)}, ${BY_RPC}, service = (name = "main", entrypoint = "Inside"))`,
      ]
    : [listener];
  const amongBindings = among
    ? [
        ...Object.entries({ WORKER: among.worker, WORKERS: among.workers }).map(
          ([name, value]) => `    (name = ${text(name)}, text = ${text(String(value))}),\n`,
        ),
        ...peers.map((n) => `    (name = ${text(`PEER_${n}`)}, service = ${text(`peer-${n}`)}),\n`),
      ]
    : [];
  const faultBindings = Object.entries({ FAULTS: faults, FAULT_HOOK: faultHook })
    .filter(([, value]) => value)
    .map(([name, value]) => `    (name = ${text(name)}, text = ${text(value!)}),\n`);
  // Where it is missing the Worker says so, and recall goes by words.
  const hasEncoder = existsSync(encoderFolder);
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
${packs
  .map(
    ({ folder: path }, i) => `    (name = ${text(`pack-${i}`)}, disk = (path = ${text(path)})),
`,
  )
  .join(
    "",
  )}${hasEncoder ? `    (name = "sentence-encoder", disk = (path = ${text(encoderFolder)})),\n` : ""}${forecaster ? `    (name = "forecaster", disk = (path = ${text(forecaster)})),\n` : ""}    (name = "objects", disk = (path = ${text(join(folder, "objects"))}, writable = true)),
${peers
  .map(
    (n) =>
      `    (name = ${text(`peer-${n}`)}, external = (address = ${text(`unix:${among!.socketOf(n)}`)}, ${BY_RPC})),\n`,
  )
  .join("")}    (name = "internet", network = (allow = [${faultHook ? '"local"' : ""}])),
  ],
  sockets = [${sockets.join(", ")}],
);

const worker :Workerd.Worker = (
  modules = [
${modules.join("\n")}
  ],
  compatibilityDate = ${text(process.env.COMPATIBILITY_DATE ?? setting("compatibility_date"))},
  compatibilityFlags = ["request_signal_passthrough"],
  durableObjectNamespaces = [
    (className = "Conversation", uniqueKey = "rivulet-Conversation", enableSql = true),
    (className = "Directory", uniqueKey = "rivulet-Directory", enableSql = true),
    (className = "Stage", uniqueKey = "rivulet-Stage", enableSql = true),
    (className = "ResponseSocket", uniqueKey = "rivulet-ResponseSocket", enableSql = true),
    (className = "Stream", uniqueKey = "rivulet-Stream", enableSql = true),
    (className = "StreamLedger", uniqueKey = "rivulet-StreamLedger", enableSql = true),
    (className = "PromptCache", uniqueKey = "rivulet-PromptCache", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
    (name = "CONVERSATION", durableObjectNamespace = "Conversation"),
    (name = "DIRECTORY", durableObjectNamespace = "Directory"),
    (name = "STAGE", durableObjectNamespace = "Stage"),
    (name = "STAGE_MAX_BYTES", text = ${text(String(STAGE_MAX_BYTES))}),
${startCounts.map((name) => `    (name = ${text(name)}, text = ${text(process.env[name] ?? setting(name))}),\n`).join("")}    (name = "MEMORY_BYTES", text = ${text(String(memoryBytes))}),
    (name = "SOCKET", durableObjectNamespace = "ResponseSocket"),
    (name = "STREAM", durableObjectNamespace = "Stream"),
    (name = "STREAM_LEDGER", durableObjectNamespace = "StreamLedger"),
    (name = "PROMPT_CACHE", durableObjectNamespace = "PromptCache"),
${hasEncoder ? '    (name = "SENTENCE_ENCODER", service = "sentence-encoder"),\n' : ""}${forecaster ? '    (name = "FORECAST", service = "forecaster"),\n    (name = "FORECAST_PACK_PATH", text = "."),\n' : ""}    (name = "ASSETS", service = "pack-0"),
${packs.map((_, i) => (i === 0 ? "" : `    (name = ${text(`ASSETS_${i}`)}, service = ${text(`pack-${i}`)}),\n`)).join("")}    (name = "PACK_PATH", text = ${text(pathOf(packs))}),
    (name = "API_KEYS", text = ${text(apiKeys)}),
    (name = "SESSION_KEY", text = ${text(sessionKey)}),
    (name = "ALLOWED_ORIGINS", text = ${text(allowedOrigins)}),
    (name = "LIMITS", text = ${text(limits)}),
    (name = "ALLOWED_HOSTS", text = ${text(allowedHosts)}),
${[...amongBindings, ...faultBindings].join("")}  ],
);
`;
}
