/**
 * A conversation as one signed file: layout, header, keys.
 *
 * "RVCF", version u32, header length u32, key id (16), SHA-256 of the header (32), HMAC of the 60 bytes before it (32);
 * header (msgpack); records: kind u32, length u32, SHA-256 of the bytes (32), bytes; an end record of length 32 whose
 * bytes are the HMAC of everything before them. Little-endian, HMAC-SHA-256. The header is authentic before it is
 * decoded; records are so only when the end has been read.
 */
import { createHmac, hkdfSync } from "node:crypto";
import * as z from "zod";
import { check } from "../core/failure.ts";

export const FILE_VERSION = 1;
export const MAGIC = 0x46435652; // "RVCF"
export const HASH_BYTES = 32;
export const KEY_ID_BYTES = 16;
/** Everything before the header. */
export const PREFIX_BYTES = 12 + KEY_ID_BYTES + 2 * HASH_BYTES;
export const FRAME_BYTES = 8 + HASH_BYTES;
export const HEADER_MAX_BYTES = 256 * 1024;
/** Bounds what either side holds at once. Storage has rows of fewer bytes, and cuts what it takes in. */
export const RECORD_MAX_BYTES = 2_000_000;
export const FILE_MAX_BYTES = 512 * 1024 * 1024;

/**
 * What a record's bytes are: a turn's place (msgpack), and behind it the pieces of what is known of it (JSON) and of
 * its ids (u32); a piece of the state.
 */
export const kinds = { end: 0, turn: 1, detail: 2, ids: 3, state: 4 } as const;
export type Kind = keyof typeof kinds;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected a SHA-256 in hex");

const modelIdentity = z.strictObject({
  name: z.string().max(128),
  /** SHA-256 of the pack's manifest: the model in every respect. */
  fingerprint: sha256,
  /** Quantisation of the matrices. */
  dtype: z.string().max(16),
  tokenizer: sha256.nullable(),
  template: sha256.nullable(),
});
export type ModelIdentity = z.infer<typeof modelIdentity>;

export const fileHeader = z.strictObject({
  /** Version of the turns' form. */
  schema: count,
  model: modelIdentity,
  /** Name that the conversation had. */
  conversation: z.string().max(512),
  createdMs: count,
  exportedMs: count,
  /** Pairs, so that no caller's text becomes a key. */
  metadata: z.array(z.tuple([z.string().max(256), z.string().max(4096)])).max(64),
  /** The next turn draws other random numbers than the first one did there. */
  moved: z.boolean(),
  /** Name of the shared prefix that it began with. */
  prefix: z.string().max(256).nullable(),
  turns: count,
  tokens: count,
  /** The turn whose state the file holds, and the tokens in it; null: the state is computed again from the ids. */
  state: z.strictObject({ turn: z.string().max(64), position: count, bytes: count }).nullable(),
});
export type FileHeader = z.infer<typeof fileHeader>;

export interface FileRecord {
  kind: Exclude<Kind, "end">;
  bytes: Uint8Array;
}

/** Keys of one tenant's files. */
export interface FileKeys {
  /** Tells whose key signed a file; reveals nothing of it. */
  id: Uint8Array;
  header: Uint8Array;
  file: Uint8Array;
}

/** Fails with `request_invalid` while the server has no secret: anybody could sign then. */
export function fileKeys(secret: string, tenant: string): FileKeys {
  check(secret !== "", "request_invalid", () => "this server signs no files: SESSION_KEY is not set");
  const bytes = new Uint8Array(hkdfSync("sha256", secret, "", `rivulet conversation file\0${tenant}`, 80));
  return { id: bytes.slice(0, 16), header: bytes.slice(16, 48), file: bytes.slice(48) };
}

export const mac = (key: Uint8Array, bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHmac("sha256", key).update(bytes).digest());
