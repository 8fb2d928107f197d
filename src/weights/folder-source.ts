/** folderSource: a pack in a folder on disk (command line, tests). */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../core/failure.ts";
import type { PackSource } from "./pack-source.ts";

const CHUNK_BYTES = 1024 * 1024;

export const folderSource = (folder: string): PackSource => ({
  async read(file) {
    const handle = await openIn(folder, file);
    const { size } = await handle.stat();
    return { bytes: size, body: stream(handle) };
  },
});

async function openIn(folder: string, file: string): Promise<FileHandle> {
  try {
    const handle = await open(join(folder, file));
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "EISDIR") {
      throw new Failure("weights_unavailable", `${join(folder, file)}: cannot be read (${code})`, {
        param: file,
        cause,
      });
    }
  }
  throw new Failure("weights_invalid", `${join(folder, file)}: no such file`, { param: file });
}

/** Reads on demand only; closes the file at its end or when the reader gives up. */
function stream(handle: FileHandle): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { buffer, bytesRead } = await handle.read(new Uint8Array(CHUNK_BYTES));
        if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
        await handle.close();
        controller.close();
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 0 },
  );
}
