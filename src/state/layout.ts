/**
 * How a conversation's state lies in bytes.
 *
 * "RVST", version u32, header length u32, SHA-256 of the header; header (msgpack: fingerprint, position, sampler,
 * tensor table with a SHA-256 each); then the tensors' raw little-endian bytes, one after another. Nothing is
 * decoded before its hash was checked.
 *
 * Version 2 is written where tensors lie as halves: an earlier release cannot read it, and computes the state from the
 * token log. Its tensors begin at a multiple of `ROOM_BYTES`, behind zeros, so that what did not change lies where it
 * lay in an earlier state, whose bytes storage then need not write again.
 *
 * Version 4 is written for storage alone, where caches lie in stretches that several states share (stretches.ts): of
 * them the bytes have the sinks, and the header says which stretches there are. It has no SHA-256: a checksum of all
 * that comes before it (checksum.ts) ends it, and the header has one of each stretch. Files have states of versions 1
 * and 2. Version 3 was never released.
 */
import * as z from "zod";
import { RECENT_TOKENS } from "../sampling/sampling.ts";
import { CHECKSUM_BYTES } from "./checksum.ts";

export const EXACT_VERSION = 1;
export const HALVES_VERSION = 2;
export const STRETCHES_VERSION = 4;
export const VERSIONS: readonly number[] = [EXACT_VERSION, HALVES_VERSION, STRETCHES_VERSION];
export const MAGIC = 0x54535652; // "RVST", little-endian
export const LEAST_PREFIX_BYTES = 4 + 4 + 4;
/** Before the header; up to version 2 the header's SHA-256 is part of it. */
export const prefixBytes = (version: number): number => LEAST_PREFIX_BYTES + (version < STRETCHES_VERSION ? 32 : 0);
/**
 * Several times the length of a header, so that the tensors stay where they are when the
 * header becomes a little longer.
 */
const ROOM_BYTES = 32 * 1024;
/** A state whose tensors have fewer bytes is written without such room, which would be a large part of it. */
const ROOMY_BYTES = 1024 * 1024;
export const HEADER_MAX_BYTES = 4 * 1024 * 1024;

const u32 = z.number().int().min(0).max(0xffffffff);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const exactly = (length: number) =>
  z.instanceof(Uint8Array).refine((bytes) => bytes.length === length, `expected ${length} bytes`);

export const headerSchema = z.strictObject({
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  position: count,
  pending: z.array(u32).max(1024),
  sampler: z.strictObject({
    generator: z.array(u32).min(1).max(16),
    recent: z.array(u32).max(RECENT_TOKENS),
    reply: z.array(z.tuple([u32, count])).max(1 << 20),
  }),
  tensors: z
    .array(
      z.strictObject({
        name: z.string().max(256),
        dtype: z.enum(["f32", "int8"]),
        shape: z.array(count).max(4),
        /** As they lie here; floats may lie as halves. */
        stored: z.literal("f16").optional(),
        /** Its slots lie in stretches of this kind, and here are the sinks. */
        ring: z.strictObject({ sinks: count, slots: count.min(1), kind: count }).optional(),
        bytes: count,
        /** Absent where the whole has a checksum. */
        sha256: exactly(32).optional(),
      }),
    )
    .max(100_000),
  stretches: z
    .array(z.strictObject({ kind: count, from: count, to: count, bytes: count, checksum: exactly(CHECKSUM_BYTES) }))
    .max(100_000)
    .optional(),
});

/** Where the tensors begin, for a header that ends at `end`. */
export function dataFrom(version: number, end: number, tensors: readonly { bytes: number }[]): number {
  const isRoomy = version === HALVES_VERSION && tensors.reduce((n, { bytes }) => n + bytes, 0) >= ROOMY_BYTES;
  return isRoomy ? Math.ceil(end / ROOM_BYTES) * ROOM_BYTES : end;
}
