/**
 * A conversation's state as bytes, and back.
 *
 * "RVST", version u32, header length u32, SHA-256 of the header; header (msgpack: fingerprint, position, sampler, tensor table with a
 * SHA-256 each); then the tensors' raw little-endian bytes, one after another. Nothing is decoded before its hash was checked.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { StateTensor } from "../backends/backend.ts";
import { check, Failure } from "../core/failure.ts";
import { RECENT_TOKENS } from "../sampling/sampling.ts";
import type { ConversationState } from "./state.ts";
import { pack, unpack } from "./strict-msgpack.ts";

const STATE_VERSION = 1;
const MAGIC = 0x54535652; // "RVST", little-endian
const PREFIX_BYTES = 4 + 4 + 4 + 32;
const HEADER_MAX_BYTES = 4 * 1024 * 1024;

const u32 = z.number().int().min(0).max(0xffffffff);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const hash = z.instanceof(Uint8Array).refine((bytes) => bytes.length === 32, "expected 32 bytes");

const headerSchema = z.strictObject({
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
        bytes: count,
        sha256: hash,
      }),
    )
    .max(100_000),
});

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Fails with `state_unreadable` when a float is not finite: such a state must never be kept. */
export function encodeState(state: ConversationState): Uint8Array {
  for (const tensor of state.tensors) checkFinite(tensor);
  const { tensors, ...rest } = state;
  const table = tensors.map(({ name, dtype, shape, data }) => ({
    name,
    dtype,
    shape,
    bytes: data.length,
    sha256: sha256(data),
  }));
  const header = pack({ ...rest, tensors: table });
  const total = tensors.reduce((n, { data }) => n + data.length, PREFIX_BYTES + header.length);
  const out = new Uint8Array(total);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, STATE_VERSION, true);
  view.setUint32(8, header.length, true);
  out.set(sha256(header), 12);
  out.set(header, PREFIX_BYTES);
  let at = PREFIX_BYTES + header.length;
  for (const { data } of tensors) {
    out.set(data, at);
    at += data.length;
  }
  return out;
}

/**
 * Fails with `state_unreadable`, or with `model_changed` when another model made it. Tensor data are views into `bytes`.
 * Without `verify` no checksum is looked at: for tests that prove that they are needed.
 */
export function decodeState(bytes: Uint8Array, fingerprint: string, { verify = true } = {}): ConversationState {
  const readable = (condition: unknown, message: () => string) =>
    check(condition, "state_unreadable", () => `state: ${message()}`);
  readable(bytes.length >= PREFIX_BYTES, () => `expected at least ${PREFIX_BYTES} bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  readable(view.getUint32(0, true) === MAGIC, () => "not a conversation state");
  const version = view.getUint32(4, true);
  readable(version === STATE_VERSION, () => `version: expected ${STATE_VERSION}, got ${version}`);
  const headerBytes = view.getUint32(8, true);
  const room = Math.min(HEADER_MAX_BYTES, bytes.length - PREFIX_BYTES);
  readable(headerBytes <= room, () => `header: expected at most ${room} bytes, got ${headerBytes}`);
  const header = bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + headerBytes);
  readable(!verify || same(sha256(header), bytes.subarray(12, PREFIX_BYTES)), () => "header: checksum differs");
  const { tensors, ...rest } = unpack(header, headerSchema, "state_unreadable", "state: header");
  if (rest.fingerprint !== fingerprint) {
    throw new Failure(
      "model_changed",
      `state: made by model ${rest.fingerprint.slice(0, 12)}, this is ${fingerprint.slice(0, 12)}`,
    );
  }
  let at = PREFIX_BYTES + headerBytes;
  const read = tensors.map(({ name, dtype, shape, bytes: length, sha256: expected }): StateTensor => {
    readable(length <= bytes.length - at, () => `${name}: expected ${length} bytes, ${bytes.length - at} are left`);
    const data = bytes.subarray(at, at + length);
    readable(!verify || same(sha256(data), expected), () => `${name}: checksum differs`);
    at += length;
    return { name, dtype, shape, data };
  });
  readable(at === bytes.length, () => `${bytes.length - at} bytes too many`);
  return { ...rest, tensors: read };
}

/** NaN and infinities have all exponent bits set. */
function checkFinite({ name, dtype, data }: StateTensor): void {
  if (dtype !== "f32") return;
  const words =
    data.byteOffset % 4
      ? new Uint32Array(data.slice().buffer)
      : new Uint32Array(data.buffer, data.byteOffset, data.length / 4);
  for (let i = 0; i < words.length; i++) {
    if ((words[i]! & 0x7f800000) === 0x7f800000)
      throw new Failure("state_unreadable", `state: ${name}[${i}] is not a finite number`);
  }
}
