/** A conversation's state as bytes (layout.ts), and back. Nothing is decoded before its hash was checked. */
import type { Saved, StateTensor } from "../backends/backend.ts";
import { check, Failure } from "../core/failure.ts";
import { freeBytes } from "../core/free-bytes.ts";
import { sameBytes, sha256Bytes } from "../core/sha256.ts";
import { CHECKSUM_BYTES, checksum } from "./checksum.ts";
import { Joined } from "./joined.ts";
import {
  dataFrom,
  EXACT_VERSION,
  HALVES_VERSION,
  HEADER_MAX_BYTES,
  headerSchema,
  LEAST_PREFIX_BYTES,
  MAGIC,
  prefixBytes,
  STRETCHES_VERSION,
  VERSIONS,
} from "./layout.ts";
import { type Precision, roundedTo } from "./rounding.ts";
import type { ConversationState } from "./state.ts";
import {
  cutStretches,
  fillRings,
  joinStretches,
  type RingTensor,
  ringTensors,
  type Stretch,
  sinksOf,
} from "./stretches.ts";
import { pack, unpack } from "./strict-msgpack.ts";

/** Fails with `state_unreadable` when a float is not finite: such a state must never be kept. */
export function encodeState(state: ConversationState, precision: Precision = "exact"): Uint8Array {
  return laidOut(state, roundedTo(precision, state.tensors)).whole();
}

/** A state for storage: its own bytes, and what holds the rest of it. */
export interface StateParts<Known extends Stretch> {
  bytes: Joined;
  stretches: (Known | NewStretch)[];
}
export type NewStretch = Stretch & { data: Uint8Array<ArrayBuffer> };

/**
 * As `encodeState`; but where the state has more bytes than `mostBytes`, what it has in common with the one that it
 * has grown from, which `known` holds, is left out, and new stretches have as many bytes at most. `put` writes a
 * long one before the next is cut. The state's own bytes are where they lie: its tensors must stay as they are until
 * the last of them was asked for.
 */
export function layOutParts<Known extends Stretch>(
  state: ConversationState,
  precision: Precision,
  known: readonly Known[],
  mostBytes: number,
  put?: (stretch: NewStretch) => Known,
): StateParts<Known> {
  const tensors = roundedTo(precision, state.tensors);
  const rings = ringTensors(tensors);
  const isWhole = rings.length === 0 || tensors.reduce((sum, { data }) => sum + data.length, 0) <= mostBytes;
  if (isWhole) return { bytes: laidOut(state, tensors), stretches: [] };
  const stretches = cutStretches(rings, state.position, known, mostBytes, put);
  return { bytes: laidOut(state, tensors, { rings, stretches }), stretches };
}

function laidOut(
  { tensors: _, stretches: __, ...rest }: ConversationState,
  tensors: readonly StateTensor[],
  apart?: { rings: readonly RingTensor[]; stretches: readonly Stretch[] },
): Joined {
  const rings = new Map(apart?.rings.map((tensor) => [tensor.name, tensor]));
  const written = tensors.map((tensor) => {
    const ring = rings.get(tensor.name);
    return {
      ...tensor,
      ring: ring && { ...ring.ring, kind: ring.kind },
      data: ring ? sinksOf(ring, rest.position) : tensor.data,
    };
  });
  const table = written.map(({ name, dtype, shape, stored, ring, data }) => ({
    name,
    dtype,
    shape,
    ...(stored ? { stored } : {}),
    ...(ring ? { ring } : {}),
    bytes: data.length,
    ...(apart ? {} : { sha256: sha256Bytes(data) }),
  }));
  const stretches = apart?.stretches.map(({ kind, from, to, bytes, checksum }) => ({
    kind,
    from,
    to,
    bytes,
    checksum,
  }));
  const version = stretches ? STRETCHES_VERSION : tensors.some(({ stored }) => stored) ? HALVES_VERSION : EXACT_VERSION;
  const header = pack({ ...rest, tensors: table, ...(stretches ? { stretches } : {}) });
  const prefix = prefixBytes(version);
  const from = dataFrom(version, prefix + header.length, table);
  const first = new Uint8Array(from);
  const view = new DataView(first.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, version, true);
  view.setUint32(8, header.length, true);
  first.set(header, prefix);
  if (!stretches) first.set(sha256Bytes(header), LEAST_PREFIX_BYTES);
  const places = [first, ...written.map(({ data }) => data)];
  return new Joined(stretches ? [...places, checksum(...places)] : places);
}

/**
 * Hex digits: of a state's bytes the checksum or hash that vouches for all of it, stretches included, so that
 * two states with the same are one.
 */
export function stateTag(bytes: Uint8Array): string {
  const isChecked =
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(4, true) === STRETCHES_VERSION;
  const from = isChecked ? bytes.length - CHECKSUM_BYTES : LEAST_PREFIX_BYTES;
  return Buffer.from(bytes.subarray(from, from + CHECKSUM_BYTES)).toString("hex");
}

/**
 * Fails with `state_unreadable`, or with `model_changed` when another model made it. Tensor data are views into
 * `bytes`, but for those that `stretches` hold: the bytes of each that the header names, in its order.
 * Without `verify` no checksum is looked at: for tests that prove that they are needed.
 */
export function decodeState(
  bytes: Uint8Array,
  fingerprint: string,
  { verify = true, stretches = [] }: { verify?: boolean; stretches?: readonly Uint8Array[] } = {},
): ConversationState {
  const { state, rings, stretchesOf } = decode(bytes, fingerprint, verify);
  const whole = [...stretchesOf({ count: stretches.length, read: (n) => stretches[n]! })];
  if (!state.stretches) return state;
  const joined = new Map(joinStretches(rings, state.position, whole).map((tensor) => [tensor.name, tensor]));
  return { ...state, tensors: state.tensors.map((tensor) => joined.get(tensor.name) ?? tensor) };
}

/** Stretches that are read one by one, so that no two are in memory. */
export interface StretchReader {
  count: number;
  read(n: number): Uint8Array<ArrayBuffer>;
}

/**
 * As `decodeState`, for a backend that takes what the stretches hold where it keeps it (`Saved.fill`).
 * What was read is freed once it is there: `bytes` and the stretches are never in memory together. Damage
 * of a stretch is found by `fill`.
 */
export function decodeApart(
  bytes: Uint8Array<ArrayBuffer>,
  fingerprint: string,
  reader: StretchReader,
  { verify = true }: { verify?: boolean } = {},
): ConversationState & Pick<Saved, "fill"> {
  const { state, rings, stretchesOf } = decode(bytes, fingerprint, verify);
  const stretches = stretchesOf(reader);
  if (!state.stretches) return state;
  function* freed() {
    freeBytes(bytes);
    for (const stretch of stretches) {
      yield stretch;
      freeBytes(stretch.data);
    }
  }
  return { ...state, fill: (rooms) => fillRings(rings, state.position, freed(), rooms) };
}

interface Decoded {
  /** Of tensors among `rings` the data are the sinks. */
  state: ConversationState;
  rings: RingTensor[];
  /** Those that the header names, each once its checksum was looked at. */
  stretchesOf<Data extends Uint8Array>(reader: {
    count: number;
    read(n: number): Data;
  }): Iterable<Stretch & { data: Data }>;
}

function decode(bytes: Uint8Array, fingerprint: string, verify: boolean): Decoded {
  const readable = (condition: unknown, message: () => string) =>
    check(condition, "state_unreadable", () => `state: ${message()}`);
  readable(bytes.length >= prefixBytes(EXACT_VERSION), () => `expected more than ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  readable(view.getUint32(0, true) === MAGIC, () => "not a conversation state");
  const version = view.getUint32(4, true);
  readable(VERSIONS.includes(version), () => `version: expected one of ${VERSIONS.join(", ")}, got ${version}`);
  const isChecked = version === STRETCHES_VERSION;
  const end = bytes.length - (isChecked ? CHECKSUM_BYTES : 0);
  if (isChecked && verify)
    readable(sameBytes(checksum(bytes.subarray(0, end)), bytes.subarray(end)), () => "checksum differs");
  const prefix = prefixBytes(version);
  const headerBytes = view.getUint32(8, true);
  const room = Math.min(HEADER_MAX_BYTES, end - prefix);
  readable(headerBytes <= room, () => `header: expected at most ${room} bytes, got ${headerBytes}`);
  // A copy: what is read of it (checksums) are views, and msgpackr keeps the last buffer that it read,
  // which would be the whole state.
  const header = bytes.slice(prefix, prefix + headerBytes);
  if (!isChecked && verify)
    readable(
      sameBytes(sha256Bytes(header), bytes.subarray(LEAST_PREFIX_BYTES, prefix)),
      () => "header: checksum differs",
    );
  const { tensors, stretches: named, ...rest } = unpack(header, headerSchema, "state_unreadable", "state: header");
  readable((named !== undefined) === isChecked, () => `version ${version}: not what the header is of`);
  if (rest.fingerprint !== fingerprint) {
    throw new Failure(
      "model_changed",
      `state: made by model ${rest.fingerprint.slice(0, 12)}, this is ${fingerprint.slice(0, 12)}`,
    );
  }
  let at = dataFrom(version, prefix + headerBytes, tensors);
  const between = bytes.subarray(prefix + headerBytes, at);
  readable(!verify || between.every((byte) => byte === 0), () => "between header and tensors: expected zeros");
  const rings: RingTensor[] = [];
  const read = tensors.map(({ name, dtype, shape, stored, ring, bytes: length, sha256: expected }): StateTensor => {
    readable(length <= end - at, () => `${name}: expected ${length} bytes, ${end - at} are left`);
    const data = bytes.subarray(at, at + length);
    const isRight = isChecked || !verify || (expected !== undefined && sameBytes(sha256Bytes(data), expected));
    readable(isRight, () => `${name}: checksum differs`);
    at += length;
    const tensor = { name, dtype, shape, data, ...(stored ? { stored } : {}) };
    if (!ring) return tensor;
    const whole = { ...tensor, ring: { sinks: ring.sinks, slots: ring.slots } };
    rings.push({ ...whole, kind: ring.kind });
    return whole;
  });
  readable(at === end, () => `${end - at} bytes too many`);
  const state = { ...rest, tensors: read, ...(named ? { stretches: named } : {}) };
  function* stretchesOf<Data extends Uint8Array>({ count, read }: { count: number; read(n: number): Data }) {
    const all = named ?? [];
    readable(!named || all.length === count, () => `expected ${all.length} stretches, got ${count}`);
    for (const [n, stretch] of all.entries()) {
      const data = read(n);
      const isRight = !verify || sameBytes(checksum(data), stretch.checksum);
      readable(isRight, () => `positions from ${stretch.from} on: checksum differs`);
      yield { ...stretch, data };
    }
  }
  return { state, rings, stretchesOf };
}
