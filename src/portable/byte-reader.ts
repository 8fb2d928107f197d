/** ByteReader: exact numbers of bytes off a stream. It never reserves memory for bytes that have not come. */
import { Failure } from "../core/failure.ts";

export class ByteReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest = new Uint8Array(0);
  /** Bytes given out. */
  read = 0;

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  /** Fails with `import_refused` when the stream ends before; `what` names the part. */
  async exactly(length: number, what: string): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array[] = [];
    let got = 0;
    while (got < length) {
      if (this.#rest.length === 0 && !(await this.#more())) {
        const message = `the file is cut off in ${what}: expected ${length} bytes there, got ${got}`;
        throw new Failure("import_refused", message, { param: "file" });
      }
      const part = this.#rest.subarray(0, length - got);
      this.#rest = this.#rest.subarray(part.length);
      parts.push(part);
      got += part.length;
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    this.read += length;
    return bytes;
  }

  /** True when nothing is left. */
  async atEnd(): Promise<boolean> {
    return this.#rest.length === 0 && !(await this.#more());
  }

  /** What was not read yet, after these bytes. */
  rest(before: Uint8Array): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          controller.enqueue(before);
          if (this.#rest.length > 0) controller.enqueue(this.#rest);
        },
        pull: async (controller) => {
          const { done, value } = await this.#reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => this.#reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  /** Lets go of the stream; what was not read is not wanted. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return false;
      if (value.length === 0) continue;
      this.#rest = value as Uint8Array<ArrayBuffer>;
      return true;
    }
  }
}
