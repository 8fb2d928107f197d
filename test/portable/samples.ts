/** A small signed file, its parts, and ways to read it. */
import { createHmac } from "node:crypto";
import { Failure } from "../../src/core/failure.ts";
import { sha256Bytes } from "../../src/core/sha256.ts";
import {
  type FileHeader,
  type FileKeys,
  type FileRecord,
  fileKeys,
  type Kind,
  kinds,
} from "../../src/portable/file-format.ts";
import { type ReaderOptions, readConversationFile } from "../../src/portable/read-file.ts";
import { conversationFile, frameOf, prefixOf } from "../../src/portable/write-file.ts";
import { pack } from "../../src/state/strict-msgpack.ts";

export const keys = fileKeys("a secret", "ann");
export const model = {
  name: "tiny",
  fingerprint: "ab".repeat(32),
  dtype: "q4",
  tokenizer: "cd".repeat(32),
  template: "ef".repeat(32),
};
export const header: FileHeader = {
  schema: 1,
  model,
  conversation: "mine",
  createdMs: 1,
  exportedMs: 2,
  metadata: [["__proto__", "x"]],
  moved: false,
  prefix: null,
  turns: 1,
  tokens: 3,
  state: { turn: "t1", position: 2, bytes: 40 },
};
export const records: FileRecord[] = [
  { kind: "turn", bytes: pack({ reply: "hello", ids: [1, 2, 3] }) },
  { kind: "ids", bytes: new Uint8Array(Uint32Array.of(7, 8, 9).buffer) },
  { kind: "state", bytes: Uint8Array.from({ length: 40 }, (_, i) => i) },
];
export const options: Required<ReaderOptions> = { keys, model, schema: 1 };

export async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
}

export const sample = () => bytesOf(conversationFile(header, records, keys));

/** A stream in chunks of this size. */
export function streamOf(bytes: Uint8Array, chunk = 64 * 1024): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.subarray(at, at + chunk));
        at += chunk;
      },
    },
    { highWaterMark: 0 },
  );
}

export async function read(
  bytes: Uint8Array,
  { chunk = 64 * 1024, ...changes }: Partial<ReaderOptions & { chunk: number }> = {},
) {
  const parts: (FileHeader | FileRecord)[] = [];
  for await (const part of readConversationFile(streamOf(bytes, chunk), { ...options, ...changes })) parts.push(part);
  return parts;
}

/** The failure that reading ends with, and how many parts came before it. */
export async function refusal(bytes: Uint8Array, changes: Partial<ReaderOptions> = {}) {
  let parts = 0;
  try {
    for await (const _ of readConversationFile(streamOf(bytes), { ...options, ...changes })) parts++;
  } catch (thrown) {
    if (thrown instanceof Failure) return { code: thrown.code, param: thrown.param, message: thrown.message, parts };
    throw thrown;
  }
  return undefined;
}

/** A file of these raw parts, rightly signed: what only the holder of the keys can make. */
export function signedFile(
  packed: Uint8Array,
  parts: [kind: number, bytes: Uint8Array][],
  by: FileKeys = keys,
): Uint8Array {
  const body = Buffer.concat([
    prefixOf(packed, by),
    packed,
    ...parts.flatMap(([kind, bytes]) => [frameOf(kind, bytes.length, sha256Bytes(bytes)), bytes]),
    frameOf(kinds.end, 32, new Uint8Array(32)),
  ]);
  return Buffer.concat([body, createHmac("sha256", by.file).update(body).digest()]);
}

export const codeOf = (kind: Kind): number => kinds[kind];
