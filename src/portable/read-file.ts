/**
 * readConversationFile: the parts of a signed file, refused with the exact reason.
 *
 * The header comes first and is authentic. The records that follow may still be forged: they are to be
 * set aside, undecoded, until this generator has ended by itself, which it does only when the
 * signature over the whole file is right.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { Failure } from "../core/failure.ts";
import { sameBytes, sha256Bytes } from "../core/sha256.ts";
import { unpack } from "../state/strict-msgpack.ts";
import { ByteReader } from "./byte-reader.ts";
import {
  FILE_MAX_BYTES,
  FILE_VERSION,
  type FileHeader,
  type FileKeys,
  type FileRecord,
  FRAME_BYTES,
  fileHeader,
  HASH_BYTES,
  HEADER_MAX_BYTES,
  KEY_ID_BYTES,
  type Kind,
  kinds,
  MAGIC,
  type ModelIdentity,
  mac,
  PREFIX_BYTES,
  RECORD_MAX_BYTES,
} from "./file-format.ts";

export interface ReaderOptions {
  keys: FileKeys;
  /** The model that is to go on with the conversation. Absent: not compared. */
  model?: ModelIdentity;
  /** Version of the turns' form that the caller reads. */
  schema: number;
}

/** Fails with `import_refused`; `param` names what is wrong: file, version, key, signature, model. */
export async function* readConversationFile(
  body: ReadableStream<Uint8Array>,
  options: Required<ReaderOptions>,
): AsyncGenerator<FileHeader | FileRecord, void, void> {
  const reader = new ByteReader(body);
  const signature = createHmac("sha256", options.keys.file);
  try {
    const { header, bytes } = await readHeader(reader, options);
    signature.update(bytes);
    yield header;
    for (let n = 0; ; n++) {
      const what = `record ${n}`;
      const frame = await reader.exactly(FRAME_BYTES, what);
      const { kind, length } = checkFrame(frame, what);
      expect(reader.read + length <= FILE_MAX_BYTES, "file", `the file is larger than ${FILE_MAX_BYTES} bytes`);
      signature.update(frame);
      const bytes = await reader.exactly(length, what);
      if (kind === "end") {
        const right = timingSafeEqual(signature.digest(), bytes);
        expect(right, "signature", "the signature is wrong: the file is not as this server wrote it");
        expect(await reader.atEnd(), "file", "something follows the end of the file");
        return;
      }
      expect(sameBytes(sha256Bytes(bytes), frame.subarray(8)), "file", `${what} is damaged`);
      signature.update(bytes);
      yield { kind, bytes };
    }
  } finally {
    await reader.cancel();
  }
}

/** The header alone, and the whole file again as if nothing had been read of it. */
export async function peekHeader(
  body: ReadableStream<Uint8Array>,
  options: ReaderOptions,
): Promise<{ header: FileHeader; whole: ReadableStream<Uint8Array> }> {
  const reader = new ByteReader(body);
  try {
    const { header, bytes } = await readHeader(reader, options);
    return { header, whole: reader.rest(bytes) };
  } catch (thrown) {
    await reader.cancel();
    throw thrown;
  }
}

async function readHeader(reader: ByteReader, { keys, model, schema }: ReaderOptions) {
  const prefix = await reader.exactly(PREFIX_BYTES, "its beginning");
  const packed = await reader.exactly(checkPrefix(prefix, keys), "the header");
  expect(
    sameBytes(sha256Bytes(packed), prefix.subarray(12 + KEY_ID_BYTES, -HASH_BYTES)),
    "file",
    "the header is damaged",
  );
  const header = unpack(packed, fileHeader, "import_refused", "header");
  if (header.schema > schema) throw newer("its turns", header.schema, schema);
  if (model) checkModel(header.model, model);
  const bytes = new Uint8Array(prefix.length + packed.length);
  bytes.set(prefix);
  bytes.set(packed, prefix.length);
  return { header, bytes };
}

/** Length of the header. */
function checkPrefix(prefix: Uint8Array, keys: FileKeys): number {
  const view = new DataView(prefix.buffer, prefix.byteOffset);
  expect(view.getUint32(0, true) === MAGIC, "file", "not a conversation that this server exported");
  const version = view.getUint32(4, true);
  if (version > FILE_VERSION) throw newer("the file", version, FILE_VERSION);
  expect(version === FILE_VERSION, "version", `version: expected ${FILE_VERSION}, got ${version}`);
  const headerBytes = view.getUint32(8, true);
  expect(headerBytes <= HEADER_MAX_BYTES, "file", `a header of ${headerBytes} bytes, at most ${HEADER_MAX_BYTES}`);
  const foreign = "the file was signed for another tenant, or by a server with another SESSION_KEY";
  expect(sameBytes(prefix.subarray(12, 12 + KEY_ID_BYTES), keys.id), "key", foreign);
  const authentic = mac(keys.header, prefix.subarray(0, -HASH_BYTES));
  const message = "the signature of the header is wrong: the file is damaged or was changed";
  expect(timingSafeEqual(authentic, prefix.subarray(-HASH_BYTES)), "signature", message);
  return headerBytes;
}

function checkFrame(frame: Uint8Array, what: string): { kind: Kind; length: number } {
  const view = new DataView(frame.buffer, frame.byteOffset);
  const [code, length] = [view.getUint32(0, true), view.getUint32(4, true)];
  const kind = (Object.keys(kinds) as Kind[]).find((name) => kinds[name] === code);
  expect(kind !== undefined, "file", `${what}: of unknown kind ${code}`);
  const room = kind === "end" ? HASH_BYTES : RECORD_MAX_BYTES;
  expect(length <= room, "file", `${what}: ${length} bytes, at most ${room}`);
  expect(kind !== "end" || length === HASH_BYTES, "file", `${what}: a signature of ${length} bytes`);
  return { kind, length };
}

/**
 * Another pack of the same model reads the same tokens where they and its template are the same, and computes the state
 * from them. Otherwise all differences at once, so that nobody has to find them one by one.
 */
function checkModel(theirs: ModelIdentity, ours: ModelIdentity): void {
  if (theirs.fingerprint === ours.fingerprint) return;
  const isTold = theirs.tokenizer !== null && theirs.template !== null;
  const isAlike = theirs.tokenizer === ours.tokenizer && theirs.template === ours.template;
  if (theirs.name === ours.name && isTold && isAlike) return;
  const names = { name: "model", dtype: "quantisation", tokenizer: "tokenizer", template: "chat template" } as const;
  const fields = (Object.keys(names) as (keyof typeof names)[]).filter((field) => theirs[field] !== ours[field]);
  const short = (value: string | null) => (value === null ? "none" : value.length === 64 ? value.slice(0, 12) : value);
  const differences = fields.map(
    (field) => `${names[field]}: file ${short(theirs[field])}, here ${short(ours[field])}`,
  );
  if (differences.length === 0)
    differences.push(`weights: file ${short(theirs.fingerprint)}, here ${short(ours.fingerprint)}`);
  throw new Failure("import_refused", `the conversation belongs to another model (${differences.join("; ")})`, {
    param: "model",
  });
}

const newer = (what: string, version: number, known: number): Failure =>
  new Failure("import_refused", `${what}: version ${version} is newer than this server's ${known}`, {
    param: "version",
  });

function expect(condition: unknown, param: string, message: string): asserts condition {
  if (!condition) throw new Failure("import_refused", message, { param });
}
