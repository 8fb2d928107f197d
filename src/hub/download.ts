/**
 * download: files of a repository into a folder, each checked by size and hash.
 *
 * A broken download goes on where it ended, in this call (a few times in a row without progress) or in the next one: a
 * file bears the suffix `.part` until it is whole and its hash is right.
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { check, Failure } from "../core/failure.ts";
import { RangeIgnored, type Repository, type RepositoryFile } from "./repository.ts";

interface DownloadOptions {
  /** Bytes of this file that are there. */
  onProgress?: (bytes: number) => void;
  signal?: AbortSignal;
}

/** Before another try; grows with the number of tries that brought nothing. */
export const downloadPace = { waitMs: 500 };

/** Tries in a row that bring nothing. */
const TRIES = 4;

const PART = ".part";

/** Bytes of `file` that a download into `folder` would not have to bring again. */
export async function presentBytes(folder: string, file: RepositoryFile): Promise<number> {
  const path = join(folder, basename(file.path));
  const size = async (name: string) => (await stat(name).catch(() => undefined))?.size ?? 0;
  return Math.min(file.bytes, (await size(path)) || (await size(`${path}${PART}`)));
}

/** Fails with `weights_unavailable` when it cannot be finished, or is not what the hub says it is. */
export async function download(
  repository: Repository,
  file: RepositoryFile,
  folder: string,
  options: DownloadOptions = {},
): Promise<string> {
  const path = join(folder, basename(file.path));
  await mkdir(folder, { recursive: true });
  if ((await stat(path).catch(() => undefined))?.size === file.bytes) {
    options.onProgress?.(file.bytes);
    return path;
  }
  const part = `${path}${PART}`;
  let wasWhole = false;
  for (;;) {
    await fetchRest(repository, file, part, options);
    if ((await hashOf(file, part, options.signal)) === file.hash.hex) break;
    await rm(part);
    // What was resumed may have been damaged; what came whole is wrong at its source.
    check(
      !wasWhole,
      "weights_unavailable",
      () => `${repository.name}: ${file.path}: expected ${file.hash.kind} ${file.hash.hex}, got another content twice`,
      file.path,
    );
    wasWhole = true;
  }
  await rename(part, path);
  return path;
}

async function fetchRest(
  repository: Repository,
  file: RepositoryFile,
  part: string,
  options: DownloadOptions,
): Promise<void> {
  let have = (await stat(part).catch(() => undefined))?.size ?? 0;
  for (let idle = 0; ; ) {
    if (have > file.bytes) {
      await rm(part);
      have = 0;
    }
    options.onProgress?.(have);
    if (have === file.bytes && (have > 0 || (await isThere(part)))) return;
    options.signal?.throwIfAborted();
    const before = have;
    let broken: unknown;
    try {
      have = await append(repository, file, part, have, options);
    } catch (thrown) {
      if (options.signal?.aborted) throw thrown;
      if (thrown instanceof Failure && thrown.code !== "weights_unavailable") throw thrown;
      broken = thrown;
      have = (await stat(part).catch(() => undefined))?.size ?? 0;
      if (isRangeIgnored(thrown)) {
        await rm(part, { force: true });
        have = 0;
      }
    }
    if (have === file.bytes) continue;
    idle = have > before ? 0 : idle + 1;
    if (idle >= TRIES) {
      const why = broken instanceof Error ? broken.message : String(broken ?? "the connection ended early");
      const where = why.startsWith(repository.name) ? "" : `${repository.name}: ${file.path}: `;
      throw new Failure(
        "weights_unavailable",
        `${where}${why}; ${have} of ${file.bytes} bytes are kept, the same command goes on from there`,
        { param: file.path, cause: broken },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, downloadPace.waitMs * 2 ** idle));
  }
}

const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined;

/** The cause may be wrapped, or be told by its text alone where a stream was aborted with it. */
function isRangeIgnored(thrown: unknown): boolean {
  for (let at: unknown = thrown; at; at = (at as Error).cause) {
    if (at instanceof RangeIgnored || String((at as Error).message ?? at).includes("range ignored")) return true;
    if (typeof at !== "object") return false;
  }
  return false;
}

/**
 * Gives the bytes that are there afterwards; throws when the connection breaks, with everything before that written.
 */
async function append(
  repository: Repository,
  file: RepositoryFile,
  part: string,
  from: number,
  { onProgress, signal }: DownloadOptions,
): Promise<number> {
  const handle = await open(part, "a");
  let at = from;
  try {
    const reader = (await repository.read(file, from)).getReader();
    const stop = () => void reader.cancel().catch(() => {});
    signal?.addEventListener("abort", stop, { once: true });
    try {
      for (;;) {
        const { done, value } = await reader.read();
        signal?.throwIfAborted();
        if (done) break;
        const room = file.bytes - at;
        await handle.writeFile(value.length > room ? value.subarray(0, room) : value);
        at += Math.min(value.length, room);
        onProgress?.(at);
        if (value.length > room) break;
      }
    } finally {
      signal?.removeEventListener("abort", stop);
      await reader.cancel().catch(() => {});
    }
    await handle.sync();
    return at;
  } finally {
    await handle.close();
  }
}

async function hashOf(file: RepositoryFile, path: string, signal?: AbortSignal): Promise<string> {
  const hash: Hash = createHash(
    file.hash.kind === "sha256" ? "sha256" : file.hash.hex.length === 64 ? "sha256" : "sha1",
  );
  if (file.hash.kind === "git") hash.update(`blob ${file.bytes}\0`);
  for await (const chunk of createReadStream(path)) {
    signal?.throwIfAborted();
    hash.update(chunk as Buffer);
  }
  return hash.digest("hex");
}
