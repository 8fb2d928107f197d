/** ByteFile: a file read by position; every read is complete or a failure that names the file. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { Failure } from "../../core/failure.ts";

export class ByteFile {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle, size: number) {
    this.path = path;
    this.name = basename(path);
    this.size = size;
    this.#handle = handle;
  }

  static async open(path: string): Promise<ByteFile> {
    const handle = await open(path).catch((cause: NodeJS.ErrnoException) => {
      const what = cause.code === "ENOENT" ? "no such file" : `cannot be read (${cause.code})`;
      throw new Failure("weights_invalid", `${path}: ${what}`, { param: path, cause });
    });
    const stat = await handle.stat();
    if (stat.isFile()) return new ByteFile(path, handle, stat.size);
    await handle.close();
    throw new Failure("weights_invalid", `${path}: expected a file`, { param: path });
  }

  /** Exactly `length` bytes from `position`, in a buffer of their own. */
  async read(position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#handle.read(bytes, done, Math.min(length - done, 1 << 30), position + done);
      if (bytesRead === 0) this.refuse(`expected ${length} bytes at ${position}, the file ends after ${done}`);
      done += bytesRead;
    }
    return bytes;
  }

  /** Name, length and hash, for the provenance. */
  async identity(signal?: AbortSignal): Promise<{ file: string; bytes: number; sha256: string }> {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(this.path, { highWaterMark: 1 << 20, ...(signal ? { signal } : {}) }))
      hash.update(chunk);
    return { file: this.name, bytes: this.size, sha256: hash.digest("hex") };
  }

  refuse(message: string): never {
    throw new Failure("weights_invalid", `${this.name}: ${message}`, { param: this.name });
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
