/**
 * serve-workers: the folders of a server's processes, and which conversations lie in which
 * (durable-objects/platform/peers.ts).
 *
 * A conversation's file is named by its object's id, and the id alone says which of n processes holds it. So a folder
 * serves any number of processes: what lies elsewhere is moved before they start. A move that was interrupted goes on
 * at the next start, for each file says by its own name where it belongs.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { workerOf } from "../durable-objects/platform/peers.ts";
import type { NamedPack } from "./serve-pack.ts";
import { UserError } from "./serve-process.ts";

/** Of the namespace that serve-config.ts gives the conversations. */
const CONVERSATIONS = "rivulet-Conversation";
const ALARMS = "metadata.sqlite";
const MOST_WORKERS = 64;

/**
 * The folder of process number `worker`: 0 takes the requests, and where it is the only one
 * it holds the conversations too.
 */
export const workerFolder = (folder: string, worker: number): string =>
  worker === 0 ? folder : join(folder, "workers", String(worker));

const objectsOf = (folder: string, worker: number): string => join(workerFolder(folder, worker), "objects");

/** Processes that this folder has had, 0 first. */
export function workersIn(folder: string): number[] {
  const workers = join(folder, "workers");
  const names = existsSync(workers) ? readdirSync(workers) : [];
  return [0, ...names.filter((name) => /^\d+$/.test(name)).map(Number)];
}

/**
 * Beside its models, what a process is given at least before another one is started that nobody asked for: room
 * for some conversations at once.
 */
const ROOM_BYTES = 400e6;

interface Machine {
  /** Cores of this machine that may be used. */
  cores: number;
  /** For models and conversations of all processes. */
  memoryBytes: number;
  /** Of one process, at least. */
  leastBytes: number;
}

/**
 * How many processes compute: what `--workers` says, else one for each core but one, as far as each has room in memory
 * for the models and some conversations. Throws one line.
 */
export function workersFor(
  given: string | undefined,
  packs: readonly NamedPack[],
  { cores, memoryBytes, leastBytes }: Machine,
): number {
  if (given === undefined) {
    if (cores <= 2 || packs.some(({ folder }) => isStaged(folder))) return 1;
    const bytes = packs.reduce((n, { folder }) => n + weightBytes(folder), ROOM_BYTES);
    return Math.max(1, Math.min(cores - 1, MOST_WORKERS, Math.floor(memoryBytes / bytes)));
  }
  const count = Number(given);
  if (!/^\d{1,3}$/.test(given) || count < 1 || count > MOST_WORKERS)
    throw new Error(`--workers: expected 1 to ${MOST_WORKERS}, got ${given}`);
  const staged = count > 1 && packs.find(({ folder }) => isStaged(folder));
  if (staged) throw new Error(`--workers: expected 1, since ${staged.folder} is divided into stages`);
  if (memoryBytes / count < leastBytes)
    throw new Error(
      `--workers: expected at most ${Math.floor(memoryBytes / leastBytes)} with this memory, got ${count}`,
    );
  return count;
}

/** Of a pack. A manifest that cannot be read is the Worker's to complain of. */
function manifestOf(pack: string): { stages?: unknown; shards?: { bytes?: unknown }[] } {
  try {
    return JSON.parse(readFileSync(join(pack, "manifest.json"), "utf8"));
  } catch {
    return {};
  }
}

const isStaged = (pack: string): boolean => manifestOf(pack).stages !== undefined;

const weightBytes = (pack: string): number =>
  (manifestOf(pack).shards ?? []).reduce((n, { bytes }) => n + (Number(bytes) || 0), 0);

/**
 * Puts every conversation where one of so many processes holds it, and makes their folders. Throws one
 * line when one lies in two places.
 */
export function arrange(folder: string, workers: number): void {
  const holderOf = (id: string): number => (workers === 1 ? 0 : workerOf(id, workers));
  for (let worker = 0; worker <= (workers === 1 ? 0 : workers); worker++)
    mkdirSync(join(objectsOf(folder, worker), CONVERSATIONS), { recursive: true, mode: 0o700 });
  for (const worker of workersIn(folder)) {
    const from = join(objectsOf(folder, worker), CONVERSATIONS);
    if (!existsSync(from)) continue;
    for (const file of readdirSync(from)) {
      const [, id] = /^([0-9a-f]{64})\.sqlite/.exec(file) ?? [];
      if (id === undefined || holderOf(id) === worker) continue;
      const to = join(objectsOf(folder, holderOf(id)), CONVERSATIONS, file);
      if (existsSync(to))
        throw new UserError(`${join(from, file)} and ${to} are one conversation; put one of them away`);
      renameSync(join(from, file), to);
    }
    if (existsSync(join(from, ALARMS)))
      moveAlarms(from, (id) => {
        const holder = holderOf(id);
        return holder === worker ? undefined : join(objectsOf(folder, holder), CONVERSATIONS);
      });
  }
}

interface Alarm {
  actor_id: string;
  scheduled_time: bigint;
  actor_name: string | null;
}

/**
 * When an object is to be woken stands in a file beside those of the objects. `target`: the folder where it
 * belongs; undefined: where it is.
 */
function moveAlarms(from: string, target: (id: string) => string | undefined): void {
  // Loaded where something may be moved: older releases of Node say that it is an experiment.
  const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite") as typeof import("node:sqlite");
  const source = new DatabaseSync(join(from, ALARMS));
  const [table] = source.prepare("SELECT sql FROM sqlite_master WHERE name = '_cf_ALARM'").all();
  const all = table && source.prepare("SELECT * FROM _cf_ALARM");
  // Times are in nanoseconds.
  all?.setReadBigInts(true);
  const alarms = (all?.all() ?? []) as unknown as Alarm[];
  for (const alarm of alarms) {
    const to = target(alarm.actor_id);
    if (to === undefined) continue;
    const there = new DatabaseSync(join(to, ALARMS));
    const [has] = there.prepare("SELECT 1 FROM sqlite_master WHERE name = '_cf_ALARM'").all();
    if (!has) there.exec(String(table!.sql));
    const names = Object.keys(alarm);
    const marks = names.map(() => "?").join();
    there
      .prepare(`INSERT OR REPLACE INTO _cf_ALARM (${names.join()}) VALUES (${marks})`)
      .run(...(Object.values(alarm) as (string | bigint | null)[]));
    there.close();
    source.prepare("DELETE FROM _cf_ALARM WHERE actor_id = ?").run(alarm.actor_id);
  }
  source.close();
}
