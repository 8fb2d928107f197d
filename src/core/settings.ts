/**
 * settings: what whoever runs the server may set, as variables of the Worker or of the environment of `start`.
 *
 * `start --help` explains what stands here, `start` refuses what cannot be read and passes the rest on, and the
 * package carries the defaults. A test holds wrangler.toml, the template, the types of the package and
 * docs/operations.md against this list.
 */
import { Failure } from "./failure.ts";

interface Setting {
  does: string;
  /** Of `start` alone, or of a deployed Worker alone. Absent: of both. */
  only?: "start" | "worker";
  /** A whole number: what it counts, and what holds where nothing is set. */
  counts?: { unit: "bytes" | "seconds"; usual: number };
}

export const settings = {
  API_KEYS: { does: "callers as tenant:sha256-of-key, separated by commas; empty lets everybody in as tenant local" },
  ALLOWED_ORIGINS: { does: "origins whose pages may call the API, separated by commas" },
  ALLOWED_HOSTS: {
    does: "names under which a proxy or another machine reaches this server, separated by commas",
  },
  LIMITS: { does: "limits of tenants and keys as JSON, as docs/limits.md describes them" },
  PORT: { does: "the port, where --port does not say it", only: "start" },
  SESSION_KEY: {
    does: "keys names of conversations and signs their files, in place of the folder's own session.key",
  },
  STATE_BUDGET_BYTES: {
    does: "bytes of kept states along one path of a conversation; 0 keeps only the last",
    counts: { unit: "bytes", usual: 24_000_000 },
  },
  AUTO_RESUME_TTL: {
    does: "seconds for which states of requests without a conversation are kept; 0: none are",
    counts: { unit: "seconds", usual: 3600 },
  },
  AUTO_RESUME_BYTES: {
    // Some fifty states of the default model.
    does: "bytes of such states of one tenant; beyond it the longest unused goes",
    counts: { unit: "bytes", usual: 256_000_000 },
  },
  PACK_PATH: { does: "the pack's folder under the assets", only: "worker" },
  FORECAST_PACK_PATH: { does: "the forecaster's folder under the assets", only: "worker" },
  STAGE_MAX_BYTES: {
    does: "bytes of WebAssembly memory that stages may take in one isolate, all together",
    only: "worker",
    counts: { unit: "bytes", usual: 117_440_512 },
  },
} as const satisfies Record<string, Setting>;

type Settings = typeof settings;
type SettingName = keyof Settings;
/** Names of whole numbers. */
export type CountName = {
  [Name in SettingName]: Settings[Name] extends { counts: object } ? Name : never;
}[SettingName];

const all = Object.entries(settings) as [SettingName, Setting][];

/** Those of `start`, or of a deployed Worker. */
export const settingsOf = (where: "start" | "worker"): [SettingName, Setting][] =>
  all.filter(([, { only }]) => only === undefined || only === where);

/** Whole numbers that `start` reads from its environment. */
export const startCounts = settingsOf("start")
  .filter(([, { counts }]) => counts !== undefined)
  .map(([name]) => name as CountName);

const lists = {
  // As a browser sends it: no path, and no port where the scheme has it as its own. Extensions have
  // schemes that URL knows no origin of.
  ALLOWED_ORIGINS: {
    expected: "origins as https://app.example, separated by commas",
    isSound: (text) =>
      /^https?:/i.test(text)
        ? URL.parse(text)?.origin === text
        : text === "null" || /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+$/.test(text),
  },
  ALLOWED_HOSTS: {
    expected: "names as chat.example or chat.example:8080, separated by commas",
    isSound: (text) => /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i.test(text),
  },
} as const satisfies Record<string, { expected: string; isSound(text: string): boolean }>;

/** What the list names. Fails with `bug` and one line where an entry can never be met. */
export function listSetting(
  env: { [Name in keyof typeof lists]?: string | undefined },
  name: keyof typeof lists,
): string[] {
  const { expected, isSound } = lists[name];
  const entries = (env[name] ?? "").split(/[\s,]+/).filter(Boolean);
  const wrong = entries.find((entry) => !isSound(entry));
  if (wrong !== undefined) throw new Failure("bug", `${name}: expected ${expected}, got ${wrong.slice(0, 100)}`);
  return entries;
}

/** A whole number from 0. Unset or empty: the usual one. Fails with `bug` and one line. */
export function countSetting(env: { [Name in CountName]?: string | undefined }, name: CountName): number {
  const text = env[name] ?? "";
  const { unit, usual } = settings[name].counts;
  if (text === "") return usual;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Failure("bug", `${name}: expected a whole number of ${unit}, got ${text.slice(0, 40)}`);
}
