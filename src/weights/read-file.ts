/**
 * readFile: streams one file of a pack into a sink and checks its length and SHA-256 on the way.
 *
 * Never holds more than a chunk. A source that is unavailable is asked again as its retry policy says, from the first
 * byte; wrong bytes are `weights_invalid` at once. When it throws, the sink has seen bytes that must not be used.
 */
import { createHash } from "node:crypto";
import { Failure } from "../core/failure.ts";
import type { PackFile, PackSource, RetryPolicy } from "./pack-source.ts";

interface Expected {
  file: string;
  bytes: number;
  sha256: string;
}

/** Called in order, with the offset of the chunk in the file; starts again at 0 after a retry. */
type Sink = (chunk: Uint8Array, offset: number) => void;

const once: RetryPolicy = { attempts: 1, baseDelayMs: 0, stallMs: 60_000 };

export async function readFile(source: PackSource, expected: Expected, sink: Sink): Promise<void> {
  await withRetries(source.retry ?? once, async (policy) => {
    const { file, bytes, sha256 } = expected;
    const opened = await source.read(file);
    if (opened.bytes !== undefined && opened.bytes !== bytes) {
      await opened.body.cancel();
      refuse(file, `expected ${bytes} bytes, got ${opened.bytes}`);
    }
    const hash = createHash("sha256");
    const got = await drain(file, opened, bytes, policy.stallMs, (chunk, offset) => {
      hash.update(chunk);
      sink(chunk, offset);
    });
    if (got < bytes) refuse(file, `expected ${bytes} bytes, got ${got}`);
    const digest = hash.digest("hex");
    if (digest !== sha256) refuse(file, `expected sha256 ${sha256}, got ${digest}`);
  });
}

/** A whole small file of unknown hash (the manifest), at most `maxBytes`. */
export async function readSmall(source: PackSource, file: string, maxBytes: number): Promise<Uint8Array> {
  return withRetries(source.retry ?? once, async (policy) => {
    const chunks: Uint8Array[] = [];
    const opened = await source.read(file);
    const got = await drain(file, opened, maxBytes, policy.stallMs, (chunk) => chunks.push(chunk.slice()));
    if (opened.bytes !== undefined && opened.bytes !== got) refuse(file, `expected ${opened.bytes} bytes, got ${got}`);
    const all = new Uint8Array(got);
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  });
}

/** Reads to the end, or to the first byte too many. Returns the number of bytes. */
async function drain(file: string, { body }: PackFile, maxBytes: number, stallMs: number, sink: Sink): Promise<number> {
  const reader = body.getReader();
  let offset = 0;
  try {
    for (;;) {
      const { done, value } = await withinMs(stallMs, file, reader.read());
      if (done) return offset;
      if (offset + value.length > maxBytes) refuse(file, `expected at most ${maxBytes} bytes, got more`);
      sink(value, offset);
      offset += value.length;
    }
  } catch (thrown) {
    // A body that hangs may never settle its cancel either.
    reader.cancel().catch(() => {});
    if (thrown instanceof Failure) throw thrown;
    throw new Failure("weights_unavailable", `${file}: broken off after ${offset} bytes`, {
      param: file,
      cause: thrown,
    });
  }
}

async function withinMs<T>(ms: number, file: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Failure("weights_unavailable", `${file}: no bytes for ${ms} ms`, { param: file }));
    }, ms);
  });
  try {
    return await Promise.race([work, stalled]);
  } finally {
    clearTimeout(timer);
  }
}

async function withRetries<T>(policy: RetryPolicy, attempt: (policy: RetryPolicy) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(policy);
    } catch (thrown) {
      if (!(thrown instanceof Failure) || thrown.code !== "weights_unavailable" || tries >= policy.attempts)
        throw thrown;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * policy.baseDelayMs * 2 ** tries));
    }
  }
}

function refuse(file: string, message: string): never {
  throw new Failure("weights_invalid", `${file}: ${message}`, { param: file });
}
