/** Targets of an export: a file or a folder that appears only when it is complete. */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { makeFolders, makePartial } from "../convert/pack/pack-folder.ts";
import { check } from "../core/failure.ts";

/**
 * Calls `write` with an empty folder beside the target, which takes the target's name at the end;
 * nothing is left when it throws.
 */
export async function writeFolder(target: string, write: (folder: string) => Promise<void>): Promise<void> {
  await once(target, async (folder) => {
    await write(folder);
    return folder;
  });
}

/** The same for one file. */
export async function writeOneFile(target: string, write: (file: ExportFile) => Promise<void>): Promise<void> {
  await once(target, async (folder) => {
    const path = join(folder, basename(target));
    const file = await ExportFile.create(path);
    try {
      await write(file);
    } finally {
      await file.close();
    }
    return path;
  });
}

/** `make` gives what takes the target's name. Fails with `request_invalid` where that is taken. */
async function once(target: string, make: (folder: string) => Promise<string>): Promise<void> {
  const full = resolve(target);
  const isTaken = async () => (await stat(full).catch(() => undefined)) !== undefined;
  const taken = () => `${target}: exists already; choose another name or remove it`;
  check(!(await isTaken()), "request_invalid", taken, "target");
  await makeFolders(dirname(full));
  const folder = await makePartial(full);
  try {
    const made = await make(folder);
    check(!(await isTaken()), "request_invalid", taken, "target");
    await rename(made, full);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file that is written from its beginning to its end. */
export class ExportFile {
  readonly #handle: FileHandle;
  readonly #hash: Hash = createHash("sha256");
  bytes = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async create(path: string): Promise<ExportFile> {
    return new ExportFile(await open(path, "wx"));
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#handle.writeFile(bytes);
    this.#hash.update(bytes);
    this.bytes += bytes.length;
  }

  /** Zeros up to the next multiple of `alignment`. */
  async align(alignment: number): Promise<void> {
    const rest = this.bytes % alignment;
    if (rest > 0) await this.append(new Uint8Array(alignment - rest));
  }

  get sha256(): string {
    return this.#hash.copy().digest("hex");
  }

  async close(): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
  }
}
