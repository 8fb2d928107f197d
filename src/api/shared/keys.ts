/** Callers' keys: which tenant a key stands for. Only digests are configured, and only digests are kept. */
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { Failure } from "../../core/failure.ts";

const KEY_LINE = /^([\w.-]{1,64}):([0-9a-f]{64})$/;

export interface Identity {
  tenant: string;
  /** SHA-256 of the key, in hex; "" where nobody needs one. */
  digest: string;
}

/** Absent where nobody has configured it: then nobody is let in. */
type Keys = { API_KEYS: string | undefined };

/** Who sends the request. Without configured keys everybody is the tenant "local". Fails with `unauthorized`. */
export function identityOf(request: Request, keys: Keys): Identity {
  const [, key] = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  const digest = createHash("sha256")
    .update(key ?? "")
    .digest("hex");
  const tenant = tenantOfDigest(digest, keys);
  if ((key === undefined && keys.API_KEYS?.trim() !== "") || tenant === undefined)
    throw new Failure("unauthorized", "authorization: expected Bearer and a valid key", { param: "authorization" });
  return { tenant, digest: key === undefined ? "" : digest };
}

/** Undefined: no such key, or no more. Every line is compared, so that time tells nothing. */
export function tenantOfDigest(digest: string, { API_KEYS }: Keys): string | undefined {
  if (API_KEYS === undefined)
    throw new Failure("bug", "API_KEYS: expected a secret of this name, if only an empty one");
  const lines = API_KEYS.split(/[\s,]+/).filter(Boolean);
  if (lines.length === 0) return "local";
  const given = Buffer.from(/^[0-9a-f]{64}$/.test(digest) ? digest : "0".repeat(64), "hex");
  let tenant: string | undefined;
  for (const line of lines) {
    const [, name, known] = KEY_LINE.exec(line) ?? [];
    if (!name || !known) throw new Failure("bug", "API_KEYS: expected tenant:sha256 in hex, separated by commas");
    if (timingSafeEqual(given, Uint8Array.from(Buffer.from(known, "hex")))) tenant = name;
  }
  return tenant;
}
