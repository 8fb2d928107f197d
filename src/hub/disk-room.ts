/** checkDiskRoom: whether what is about to be written fits, before the first byte of it is. */
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { Failure } from "../core/failure.ts";

/** Fails with `storage_full`. `path` need not exist: the nearest folder above it that does is asked. */
export async function checkDiskRoom(path: string, bytes: number, what: string, room = freeBytes): Promise<void> {
  const free = await room(path);
  if (free === undefined || free >= bytes) return;
  throw new Failure("storage_full", `${path}: expected ${bytes} bytes of free disk for ${what}, there are ${free}`, {
    param: path,
  });
}

async function freeBytes(path: string): Promise<number | undefined> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      return bavail * bsize;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "ENOENT" || dirname(at) === at) return undefined;
    }
  }
}
