/**
 * PackFolder: the place where a pack will appear, complete or not at all.
 *
 * Files are written into a hidden folder beside the target, which takes the target's name at the
 * end. Only a pack may be replaced.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Failure } from "../../core/failure.ts";
import { MANIFEST_FILE } from "../../weights/parse-manifest.ts";

export const TOKENIZER_FILE = "tokenizer.json";
export const TEMPLATE_FILE = "chat_template.jinja";
export const shardFile = (index: number): string => `shard-${String(index).padStart(3, "0")}.bin`;

export class PackFolder {
  /** Where to write until `publish`. */
  readonly path: string;
  readonly #target: string;
  readonly #replace: boolean;
  /** Folders that were made for it, innermost first. */
  readonly #parents: string[];

  private constructor(path: string, target: string, replace: boolean, parents: string[]) {
    this.path = path;
    this.#target = target;
    this.#replace = replace;
    this.#parents = parents;
  }

  /** Fails with `request_invalid` when the target holds anything that may not be replaced. */
  static async open(target: string, replace: boolean): Promise<PackFolder> {
    const full = resolve(target);
    await checkPackTarget(full, replace);
    const parents = await makeFolders(dirname(full));
    return new PackFolder(await makePartial(full), full, replace, parents);
  }

  async write(file: string, bytes: Uint8Array): Promise<void> {
    const handle = await open(join(this.path, file), "wx");
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async publish(): Promise<void> {
    const present = await checkPackTarget(this.#target, this.#replace);
    const old = `${this.path}.old`;
    if (present) await rename(this.#target, old);
    try {
      await rename(this.path, this.#target);
    } catch (thrown) {
      if (present) await rename(old, this.#target);
      throw thrown;
    }
    await rm(old, { recursive: true, force: true });
  }

  /** Removes what was written. Not to be called after `publish`. */
  async abandon(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    for (const folder of this.#parents) await rmdir(folder).catch(() => {}); // someone else uses it by now
  }
}

/**
 * Makes a folder and those above it; returns the new ones, innermost first. (`mkdir` with
 * `recursive` may never return on /proc.)
 */
export async function makeFolders(path: string): Promise<string[]> {
  try {
    await mkdir(path);
    return [path];
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "EEXIST") return [];
    if (code !== "ENOENT" || dirname(path) === path) throw thrown;
  }
  const above = await makeFolders(dirname(path));
  await mkdir(path);
  return [path, ...above];
}

/**
 * Makes an empty hidden folder beside `target`, whose name it may take. Others may read it as far as the umask lets
 * them, unlike what `mkdtemp` makes.
 */
export async function makePartial(target: string): Promise<string> {
  const path = join(dirname(target), `.${basename(target)}.partial-${randomBytes(6).toString("hex")}`);
  await mkdir(path);
  return path;
}

const isPackFile = (name: string) =>
  name === MANIFEST_FILE || name === TOKENIZER_FILE || name === TEMPLATE_FILE || /^shard-\d{3,}\.bin$/.test(name);

/**
 * Whether something is there that will be replaced. Fails with `request_invalid` when it
 * holds anything that may not be.
 */
export async function checkPackTarget(target: string, replace: boolean): Promise<boolean> {
  const found = await stat(target).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw refusal(target, `cannot be used (${cause.code})`);
  });
  if (!found) return false;
  if (!found.isDirectory()) throw refusal(target, "is a file, not a folder");
  const names = await readdir(target);
  const foreign = names.find((name) => !isPackFile(name));
  if (foreign !== undefined) throw refusal(target, `is not a pack (it holds ${foreign}), so it is not overwritten`);
  if (names.length > 0 && !names.includes(MANIFEST_FILE))
    throw refusal(target, `is not a pack (no ${MANIFEST_FILE}), so it is not overwritten`);
  if (names.length > 0 && !replace) throw refusal(target, "is a pack already; --force overwrites it");
  return true;
}

const refusal = (target: string, message: string) =>
  new Failure("request_invalid", `${target}: ${message}`, { param: "pack" });
