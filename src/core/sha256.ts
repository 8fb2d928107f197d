/** sha256: of text as UTF-8, or of bytes; 64 hex digits. */
import { createHash } from "node:crypto";

export const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
