/**
 * conversationFile: a conversation as the bytes of one signed file, made as fast as they are
 * read and one record at a time.
 */
import { createHmac } from "node:crypto";
import { check } from "../core/failure.ts";
import { sha256Bytes } from "../core/sha256.ts";
import { pack } from "../state/strict-msgpack.ts";
import {
  FILE_VERSION,
  type FileHeader,
  type FileKeys,
  type FileRecord,
  FRAME_BYTES,
  HASH_BYTES,
  KEY_ID_BYTES,
  kinds,
  MAGIC,
  mac,
  PREFIX_BYTES,
  RECORD_MAX_BYTES,
} from "./file-format.ts";

/**
 * `records` are drawn when the reader asks for them. A failure among them breaks the stream off, and
 * what was read is no valid file.
 */
export function conversationFile(
  header: FileHeader,
  records: Iterable<FileRecord>,
  keys: FileKeys,
): ReadableStream<Uint8Array> {
  const parts = fileParts(header, records, keys);
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = parts.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => void parts.return(),
    },
    { highWaterMark: 0 },
  );
}

function* fileParts(
  header: FileHeader,
  records: Iterable<FileRecord>,
  keys: FileKeys,
): Generator<Uint8Array, void, void> {
  const signature = createHmac("sha256", keys.file);
  const signed = (bytes: Uint8Array) => {
    signature.update(bytes);
    return bytes;
  };
  const packed = pack(header);
  yield signed(prefixOf(packed, keys));
  yield signed(packed);
  for (const { kind, bytes } of records) {
    check(bytes.length <= RECORD_MAX_BYTES, "bug", () => `${kind}: a record of ${bytes.length} bytes`);
    yield signed(frameOf(kinds[kind], bytes.length, sha256Bytes(bytes)));
    yield signed(bytes);
  }
  yield signed(frameOf(kinds.end, HASH_BYTES, new Uint8Array(HASH_BYTES)));
  yield new Uint8Array(signature.digest());
}

export function prefixOf(header: Uint8Array, keys: FileKeys): Uint8Array {
  const prefix = new Uint8Array(PREFIX_BYTES);
  const view = new DataView(prefix.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, FILE_VERSION, true);
  view.setUint32(8, header.length, true);
  prefix.set(keys.id, 12);
  prefix.set(sha256Bytes(header), 12 + KEY_ID_BYTES);
  const authentic = PREFIX_BYTES - HASH_BYTES;
  prefix.set(mac(keys.header, prefix.subarray(0, authentic)), authentic);
  return prefix;
}

export function frameOf(kind: number, length: number, sha256: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_BYTES);
  const view = new DataView(frame.buffer);
  view.setUint32(0, kind, true);
  view.setUint32(4, length, true);
  frame.set(sha256, 8);
  return frame;
}
