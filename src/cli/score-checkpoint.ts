/**
 * A scoring run on disk: how far it came, its sums, and the state, so that a killed run goes on where it was saved.
 *
 * One line, SHA-256 and JSON, then the state's bytes (src/state/codec.ts), which hold their own hashes. A run of other
 * ids or of another model is refused, never continued.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { Failure } from "../core/failure.ts";
import { sha256 } from "../core/sha256.ts";

export interface Scored {
  /** Tokens fed. */
  position: number;
  /** Sum of −log p of all predicted tokens so far. */
  nats: number;
  /** Time spent, of all runs together. */
  seconds: number;
}

interface Checkpoint extends Scored {
  state: Uint8Array;
}

export const idsDigest = (ids: readonly number[]): string => sha256(new Uint8Array(Uint32Array.from(ids).buffer));

/** Replaces the file at once: a crash leaves the old one or the new one. */
export function writeCheckpoint(path: string, ids: string, { state, ...scored }: Checkpoint): void {
  const json = JSON.stringify({ ids, ...scored });
  const partial = `${path}.partial`;
  const file = openSync(partial, "w");
  try {
    writeAll(file, new TextEncoder().encode(`${sha256(json)} ${json}\n`));
    writeAll(file, state);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(partial, path);
}

/** Undefined when there is no file. Fails with `request_invalid` when it is no checkpoint, or one of other ids. */
export function readCheckpoint(path: string, ids: string): Checkpoint | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  const refused = (why: string) =>
    new Failure("request_invalid", `--checkpoint ${path}: ${why}`, { param: "checkpoint" });
  const end = bytes.indexOf(10);
  const line = bytes.toString("utf8", 0, Math.max(0, end));
  const json = line.slice(65);
  if (end < 0 || line.slice(0, 65) !== `${sha256(json)} `)
    throw refused("not a checkpoint of a scoring run, or damaged");
  const { ids: of, ...scored } = JSON.parse(json) as Scored & { ids: string };
  if (of !== ids) throw refused("made by a run over other token ids");
  return { ...scored, state: Uint8Array.from(bytes.subarray(end + 1)) };
}

export function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
