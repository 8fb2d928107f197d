/**
 * strict-msgpack: plain values as msgpack, for bytes whose hash or signature was checked first.
 *
 * Codec objects are made fresh for each call: msgpackr keeps structures between calls, and no bytes
 * may teach it any for the next.
 */
import { Packr, Unpackr } from "msgpackr";
import type * as z from "zod";
import { Failure, type FailureCode } from "../core/failure.ts";

const settings = { useRecords: false, mapsAsObjects: true, moreTypes: false } as const;

export const pack = (value: unknown): Uint8Array<ArrayBuffer> => Uint8Array.from(new Packr(settings).pack(value));

/** A value of this schema, or a failure `code` that begins with `what` and names the field. */
export function unpack<T>(bytes: Uint8Array, schema: z.ZodType<T>, code: FailureCode, what: string): T {
  let value: unknown;
  try {
    value = new Unpackr(settings).unpack(bytes);
  } catch (cause) {
    throw new Failure(code, `${what}: not msgpack`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new Failure(code, `${what}: ${issue.path.join(".")}: ${issue.message}`);
}
