/**
 * Callers' keys: which tenant a key stands for, what it may do, and until when. Only digests are
 * configured, and only digests are kept.
 *
 * A line of API_KEYS is `tenant:sha256-of-key`, and behind it, each after a semicolon, `scopes=read+write` and
 * `expires=2027-01-31` (a day of UTC, at whose end the key ends, or a time as `2027-01-31T12:00:00Z`).
 */
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { Failure } from "../../core/failure.ts";

const KEY_LINE = /^([\w.-]{1,64}):([0-9a-f]{64})((?:;[^;]*)*)$/;
const DAY = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$/;

/**
 * `read` looks at what is there, `write` makes, changes and removes it, `metrics` reads the
 * counts, `admin` may do all of it.
 */
const scopes = ["read", "write", "metrics", "admin"] as const;
export type Scope = (typeof scopes)[number];
const USUAL: readonly Scope[] = ["read", "write"];
/** Where nobody needs a key everybody may do everything. */
const EVERYTHING: readonly Scope[] = ["admin"];

const EVERYBODY = "local";

export interface Identity {
  tenant: string;
  /** SHA-256 of the key, in hex; "" where nobody needs one. */
  digest: string;
  scopes: readonly Scope[];
}

interface Key {
  tenant: string;
  digest: Uint8Array;
  scopes: readonly Scope[];
  expiresMs: number;
}

/** Absent where nobody has configured it: then nobody is let in. */
type Keys = { API_KEYS: string | undefined };

/**
 * Who sends the request, by a bearer's key, by `x-api-key` as Anthropic's clients send it, or by `api-key` as
 * Azure's do, which counts only without an `authorization`. Without configured keys everybody is the tenant
 * "local". Fails with `unauthorized`.
 */
export function identityOf({ headers }: Request, keys: Keys): Identity {
  const authorization = headers.get("authorization");
  const [, bearer] = /^Bearer +(\S+)$/i.exec(authorization ?? "") ?? [];
  const azure = authorization === null ? headers.get("api-key") : null;
  const key = bearer ?? headers.get("x-api-key") ?? azure ?? undefined;
  const digest = createHash("sha256")
    .update(key ?? "")
    .digest("hex");
  const identity = identityOfDigest(digest, keys);
  if ((key === undefined && keys.API_KEYS?.trim() !== "") || identity === undefined)
    throw new Failure(
      "unauthorized",
      `authorization: expected "Bearer <key>", or a key in x-api-key or api-key; got ${key === undefined ? "none" : "an unknown or expired key"}`,
      { param: "authorization" },
    );
  return { ...identity, digest: key === undefined ? "" : digest };
}

/** Undefined: no such key, or no more. Every line is compared, so that time tells nothing. */
export function identityOfDigest(digest: string, { API_KEYS }: Keys): Identity | undefined {
  if (API_KEYS === undefined)
    throw new Failure("bug", "API_KEYS: expected a secret of this name, if only an empty one");
  const keys = parseKeys(API_KEYS);
  if (keys.length === 0) return { tenant: EVERYBODY, digest, scopes: EVERYTHING };
  const given = Buffer.from(/^[0-9a-f]{64}$/.test(digest) ? digest : "0".repeat(64), "hex");
  let found: Key | undefined;
  for (const key of keys) if (timingSafeEqual(given, key.digest)) found = key;
  return found && found.expiresMs > Date.now() ? { tenant: found.tenant, digest, scopes: found.scopes } : undefined;
}

/** Whoever may have something here, each once. */
export function tenantsOf({ API_KEYS = "" }: Keys): string[] {
  const keys = parseKeys(API_KEYS);
  return keys.length === 0 ? [EVERYBODY] : [...new Set(keys.map(({ tenant }) => tenant))];
}

/** Fails with `scope_missing`. */
export function checkScope(given: readonly Scope[], needed: Scope): void {
  if (given.includes(needed) || given.includes("admin")) return;
  throw new Failure("scope_missing", `authorization: this key lacks the scope ${needed}`, { param: "authorization" });
}

/** Fails with `bug` and one line that names the entry, by its number, never by its digest. */
export function parseKeys(text: string): Key[] {
  const lines = text.split(/[\s,]+/).filter(Boolean);
  // Commas between keys that are missing say that some were meant: nobody is let in then, where
  // nothing at all lets everybody in.
  if (lines.length === 0 && text.trim() !== "") throw wrong(0, "expected tenant:sha256 in hex, got nothing");
  return lines.map((line, n) => {
    const [, tenant, hex, rest = ""] = KEY_LINE.exec(line) ?? [];
    if (!tenant || !hex) throw wrong(n, "expected tenant:sha256 in hex");
    const key: Key = { tenant, digest: Uint8Array.from(Buffer.from(hex, "hex")), scopes: USUAL, expiresMs: Infinity };
    for (const field of rest.split(";").slice(1)) {
      const [name, value = ""] = field.split("=", 2);
      if (name === "scopes") key.scopes = scopesOf(value, n);
      else if (name === "expires") key.expiresMs = endOf(value, n);
      else throw wrong(n, `expected scopes=… or expires=…, got ${JSON.stringify(field.slice(0, 40))}`);
    }
    return key;
  });
}

function scopesOf(value: string, n: number): Scope[] {
  const given = value.split("+");
  for (const scope of given)
    if (!scopes.includes(scope as Scope))
      throw wrong(n, `scopes: expected ${scopes.join(", ")}, joined by +, got ${JSON.stringify(scope.slice(0, 40))}`);
  return given as Scope[];
}

function endOf(value: string, n: number): number {
  const time = DAY.test(value) ? Date.parse(`${value}T24:00:00Z`) : TIME.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw wrong(n, `expires: expected a day as 2027-01-31, or a time as 2027-01-31T12:00:00Z`);
  return time;
}

const wrong = (n: number, message: string) => new Failure("bug", `API_KEYS: entry ${n + 1}: ${message}`);
