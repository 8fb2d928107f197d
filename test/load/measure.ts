/**
 * What a server holds while it is driven: memory, descriptors, bytes on disk, and what its databases have at the end.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { GONE } from "../../durable-objects/storage/database.ts";

export interface Held {
  rss: number;
  descriptors: number;
}

export function heldBy(pid: number): Held {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    rss: Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) * 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));

export function bytesOnDisk(folder: string): number {
  return filesIn(folder).reduce((sum, path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return sum + (stat?.isFile() ? stat.size : 0);
  }, 0);
}

export interface AtRest {
  /** Databases of conversations that hold one, and those that were emptied. */
  kept: number;
  emptied: number;
  /** Their bytes, without the journals beside them. */
  keptBytes: number;
  /** Of one that was kept: the middle one's, so that a few that grew do not count. */
  medianBytes: number;
  /**
   * Databases that are larger or smaller than the formula of docs/durability.md says, as pages beside the formula's.
   */
  unlike: string[];
  /** Rows that nobody will ever read: turns that were begun and neither ended nor forgotten. */
  orphans: number;
}

/** Reads every conversation's database. Only when its server has ended. */
export function databasesAtRest(folder: string): AtRest {
  const sizes: number[] = [];
  const found: AtRest = { kept: 0, emptied: 0, keptBytes: 0, medianBytes: 0, unlike: [], orphans: 0 };
  for (const path of filesIn(folder)) {
    if (!path.includes("rivulet-Conversation") || !path.endsWith(".sqlite")) continue;
    const database = new DatabaseSync(path);
    const has = (table: string) => database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(table);
    if (has("heads") && database.prepare("SELECT 1 FROM heads").get()) {
      sizes.push(statSync(path).size);
      const pages = statSync(path).size / PAGE_BYTES;
      const [least, most] = pagesOf(database);
      if (pages < least || pages > most) found.unlike.push(`${pages} pages, expected ${least} to ${most}`);
      const running = "SELECT count(*) AS n FROM journal WHERE turn <> ? AND turn NOT IN (SELECT id FROM turns)";
      found.orphans += Number(database.prepare(running).get(GONE)!.n);
    } else found.emptied++;
    database.close();
  }
  sizes.sort((a, b) => a - b);
  found.kept = sizes.length;
  found.keptBytes = sizes.reduce((sum, size) => sum + size, 0);
  found.medianBytes = sizes[sizes.length >> 1] ?? 0;
  return found;
}

const PAGE_BYTES = 4096;
/** Of the tables that hold one row or none, of the slot of running turns, and of the roots of the others. */
const FIXED_PAGES = 18;
/** Of a row beside what it is for. */
const ROW_BYTES = 100;

/**
 * Pages of a conversation's database by the formula of docs/durability.md: those of every conversation, those of each
 * turn, those of each state that is kept. As many as the largest state has may be free: an older one lay there.
 */
function pagesOf(database: DatabaseSync): [least: number, most: number] {
  const sizes = (query: string) =>
    database
      .prepare(query)
      .all()
      .map(({ bytes }) => Math.max(1, Math.ceil((Number(bytes) + ROW_BYTES) / PAGE_BYTES)));
  const turns = sizes("SELECT coalesce(length(record), 0) + coalesce(length(ids), 0) AS bytes FROM turns");
  const states = sizes("SELECT sum(length(bytes)) AS bytes FROM pieces GROUP BY turn, position");
  const pages = [...turns, ...states].reduce((sum, n) => sum + n, FIXED_PAGES);
  return [pages - 1 - states.length, pages + 2 + Math.max(0, ...states)];
}
