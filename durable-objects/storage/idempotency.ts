/**
 * idempotency: requests that changed a conversation and came with an `Idempotency-Key`. They are kept in the row of the
 * head that they changed, which is written anyway: the last few, for a repetition comes soon or never.
 */
import { createHash } from "node:crypto";
import { check } from "../../src/core/failure.ts";
import { sha256 } from "../../src/core/sha256.ts";
import type { Head, KeyedRequest } from "./heads.ts";

const KEPT = 8;

/** What two requests with one key must have in common. */
export const digestOf = (request: unknown): string => sha256(JSON.stringify(request, inOrder));

/** Another release of the Worker may write the same fields in another order. */
const inOrder = (_: string, value: unknown): unknown =>
  value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** Fails with `idempotency_mismatch` when the requests differ. */
export function checkSame(known: string | undefined, digest: string): void {
  const other = "idempotency-key: another request came with this key; choose a new one for a new request";
  check(known === digest, "idempotency_mismatch", () => other, "idempotency-key");
}

/** In a head's row half of the digits do. */
const short = (digest: string): string => digest.slice(0, 32);

/** `what` was asked: one key may be used once for each. */
export const asked = (what: string, key: string | undefined, body: unknown): KeyedRequest | undefined =>
  key === undefined ? undefined : { key: keyOf(what, key), digest: short(digestOf(body)) };

export const keyOf = (what: string, key: string): string => short(sha256(`${what}\n${key}`));

/** What the head was asked before with this key. Fails with `idempotency_mismatch` when that was something else. */
export function repeated(head: Head | undefined, request: KeyedRequest | undefined): KeyedRequest | undefined {
  const known = request && head?.asked?.find(({ key }) => key === request.key);
  if (known) checkSame(known.digest, request!.digest);
  return known;
}

export const noted = (head: Head, request: KeyedRequest | undefined): Head =>
  request ? { ...head, asked: [...(head.asked ?? []), request].slice(-KEPT) } : head;

/** A body that is hashed while it is read. */
export function hashed(body: ReadableStream<Uint8Array>) {
  const hash = createHash("sha256");
  const transform = (chunk: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>) => {
    hash.update(chunk);
    controller.enqueue(chunk);
  };
  return { body: body.pipeThrough(new TransformStream({ transform })), digest: () => short(hash.digest("hex")) };
}
