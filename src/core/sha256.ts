/** sha256: of text as UTF-8, or of bytes; 64 hex digits, or 32 bytes and whether they are those that were expected. */
import { createHash } from "node:crypto";

export const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

export const sha256Bytes = (data: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(data).digest());

/** For checksums, which are no secret: a signature is compared in constant time. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
