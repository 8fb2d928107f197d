/**
 * A request's body, so that a refusal reaches whoever still sends it.
 *
 * The runtime closes a connection whose body nobody reads, and a client that is in the middle of sending sees a reset
 * instead of the answer. So whoever refuses leaves the body open, and what is left of it is read and thrown away, up to
 * a bound, before the answer goes out.
 */
import { Failure } from "../../core/failure.ts";

/**
 * What a refused upload may still send before its connection is closed under it; less where it
 * does not say how much that is.
 */
const DRAIN_MAX_BYTES = 64 * 1024 * 1024;
const UNDECLARED_MAX_BYTES = 16 * 1024 * 1024;

type Reader = Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;
const readers = new WeakMap<Request, Reader>();

/** The request's one reader. Fails with `client_gone` when the client left before its body was whole. */
export function readerOf(request: Request): Reader | undefined {
  const known = readers.get(request);
  if (known || !request.body || request.body.locked) return known;
  const inner = request.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const once = () =>
    inner.read().catch((cause: unknown) => {
      throw new Failure("client_gone", "body: the client left before it was whole", { param: "body", cause });
    });
  // The runtime's own streams take one read at a time.
  let last: Promise<unknown> = Promise.resolve();
  const read = () => {
    const mine = last.then(once, once);
    last = mine.catch(() => {});
    return mine;
  };
  const reader: Reader = { read, cancel: () => inner.cancel() };
  readers.set(request, reader);
  return reader;
}

/** The body as a stream that may be cancelled without closing the connection. */
export function uploadOf(request: Request): ReadableStream<Uint8Array> | undefined {
  const reader = readerOf(request);
  return (
    reader &&
    new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
      },
      { highWaterMark: 0 },
    )
  );
}

/** Reads what is left and throws it away; ends the upload where that is too much. Never rejects. */
export async function drain(request: Request): Promise<void> {
  try {
    const reader = readerOf(request);
    if (!reader) return;
    const declared = Number(request.headers.get("content-length") ?? UNDECLARED_MAX_BYTES);
    for (let left = declared > DRAIN_MAX_BYTES ? 0 : declared; left > 0; ) {
      const { done, value } = await reader.read();
      if (done) return;
      left -= value.length;
    }
    await reader.cancel();
  } catch {
    // It has left.
  }
}
