/**
 * Stretches: keys and values of some consecutive positions, as bytes of their own.
 *
 * Once written for a position they never change, while every turn changes all of the rest of a state. So a state that
 * follows another one has its stretches in common with it, and brings those of its new positions. Caches with similar
 * windows are told together: a stretch is needed until its last position has left the longest of them. The first
 * `sinks` slots, which stay for good, are not part of any.
 */
import type { Ring, StateTensor } from "../backends/backend.ts";
import { bytesOf } from "../backends/check-state.ts";
import { check } from "../core/failure.ts";
import { freeBytes } from "../core/free-bytes.ts";
import { checksum } from "./checksum.ts";

/** Positions `from` to `to`, the latter not included, of the caches of one kind. */
export interface Stretch {
  kind: number;
  from: number;
  to: number;
  bytes: number;
  checksum: Uint8Array;
}

/** A part of a cache, with the kind of stretches that hold it. */
export type RingTensor = StateTensor & { ring: Ring; kind: number };

/**
 * Caches are of one kind up to windows so many times as short as its longest: of the shorter ones it holds positions
 * that they need no more. States that are stored go on with the kinds that they were written with, so another number
 * needs another version of the codec.
 */
const SIMILAR = 3;
/**
 * More than this a state does not have: then it writes its caches anew, as one stretch of each kind or as few as fit.
 */
const MOST = 100;

const isRing = (tensor: StateTensor): tensor is StateTensor & { ring: Ring } => tensor.ring !== undefined;

/** The parts of caches among a state's tensors, in their order. */
export function ringTensors(tensors: readonly StateTensor[]): RingTensor[] {
  const rings = tensors.filter(isRing);
  const lengths = [...new Set(rings.map(({ ring }) => ring.slots))].sort((a, b) => b - a);
  const kinds = new Map<number, number>();
  let [kind, longest] = [-1, Number.POSITIVE_INFINITY];
  for (const slots of lengths) {
    if (slots * SIMILAR < longest) [kind, longest] = [kind + 1, slots];
    kinds.set(slots, kind);
  }
  return rings.map((tensor) => ({ ...tensor, kind: kinds.get(tensor.ring.slots)! }));
}

/**
 * A new stretch of more bytes than this is written as soon as it is cut, where it can be: beside a state's own bytes
 * all of a long prompt's would be as much again.
 */
const LONG_STRETCH_BYTES = 250_000;

/**
 * What holds the caches of a state of `position` tokens: those of `known` that it needs, and new ones, with their
 * bytes, of at most `mostBytes` where that is a slot or more. `known`: of the state that this one has grown from. `put`
 * writes a long one, whose bytes are freed then.
 */
export function cutStretches<Known extends Stretch>(
  tensors: readonly RingTensor[],
  position: number,
  known: readonly Known[],
  mostBytes: number,
  put?: (stretch: Stretch & { data: Uint8Array<ArrayBuffer> }) => Known,
): (Known | (Stretch & { data: Uint8Array<ArrayBuffer> }))[] {
  const kinds = Map.groupBy(tensors, ({ kind }) => kind);
  const needed = known.filter(({ kind, to }) => to > firstNeeded(kinds.get(kind)!, position));
  const kept = needed.length < MOST ? needed : [];
  return [...kinds].flatMap(([kind, own]) => {
    const before = kept.filter((stretch) => stretch.kind === kind);
    const start = before.at(-1)?.to ?? firstNeeded(own, position);
    const most = Math.max(1, Math.floor(mostBytes / own.reduce((sum, tensor) => sum + slotBytes(tensor), 0)));
    const count = Math.ceil((position - start) / most);
    const added = Array.from({ length: count }, (_, n) => {
      const [from, to] = [start + n * most, Math.min(position, start + (n + 1) * most)];
      const data = gather(own, position, from, to);
      const stretch = { kind, from, to, bytes: data.length, checksum: checksum(data), data };
      if (!put || data.length <= LONG_STRETCH_BYTES) return stretch;
      const known = put(stretch);
      freeBytes(data);
      return known;
    });
    return [...before, ...added];
  });
}

type Bytes = Stretch & { data: Uint8Array };

/** The caches' slots, out of the stretches that hold them, as `fillRings` says. */
export function joinStretches(
  tensors: readonly RingTensor[],
  position: number,
  stretches: readonly Bytes[],
): StateTensor[] {
  const joined = tensors.map(({ kind: _, ...tensor }) => {
    const slots = Math.min(position, tensor.ring.sinks + tensor.ring.slots);
    return { ...tensor, data: new Uint8Array(slots * slotBytes(tensor)) };
  });
  fillRings(tensors, position, stretches, new Map(joined.map(({ name, data }) => [name, data])));
  return joined;
}

/**
 * Writes the caches' slots into `rooms`, which has bytes for all slots of each tensor. Of the tensors `data` has the
 * first `sinks` slots, which are written before a stretch is asked for; a stretch is read no more once the next one is
 * asked for. Fails with `state_unreadable` where positions are missing.
 */
export function fillRings(
  tensors: readonly RingTensor[],
  position: number,
  stretches: Iterable<Bytes>,
  rooms: ReadonlyMap<string, Uint8Array>,
): void {
  const readable = (condition: unknown, message: () => string) =>
    check(condition, "state_unreadable", () => `state: ${message()}`);
  const rings = tensors.map((tensor) => {
    const first = firstOf(tensor.ring, position);
    const room = rooms.get(tensor.name)!;
    room.set(tensor.data);
    return { ...tensor, size: slotBytes(tensor), first, known: first, room };
  });
  for (const { kind, from, to, data } of stretches) {
    let taken = 0;
    for (const ring of rings.filter((other) => other.kind === kind)) {
      const { name, size, first, known, room } = ring;
      const own = data.subarray(taken, taken + (to - from) * size);
      taken += (to - from) * size;
      const isNext = from <= known && own.length === (to - from) * size;
      readable(isNext, () => `${name}: positions from ${known} on are missing`);
      for (const run of runs(ring.ring, Math.max(from, first), to))
        room.set(own.subarray((run.first - from) * size, (run.first - from + run.count) * size), run.slot * size);
      ring.known = Math.max(known, to);
    }
    readable(taken === data.length, () => `positions from ${from} on: ${data.length - taken} bytes too many`);
  }
  for (const { name, known } of rings)
    readable(known === position, () => `${name}: positions from ${known} on are missing`);
}

const slotBytes = ({ dtype, shape, name }: StateTensor): number => bytesOf({ name, dtype, shape: shape.slice(1) });

/** The slots that no stretch has. */
export const sinksOf = (tensor: RingTensor, position: number): Uint8Array =>
  tensor.data.subarray(0, Math.min(position, tensor.ring.sinks) * slotBytes(tensor));

/** The first position behind the sinks that a ring still has. */
const firstOf = ({ sinks, slots }: Ring, position: number): number =>
  Math.min(position, Math.max(sinks, position - slots));

const firstNeeded = (tensors: readonly { ring: Ring }[], position: number): number =>
  Math.min(...tensors.map(({ ring }) => firstOf(ring, position)));

/** One tensor's slots after another's; zeros for positions that a shorter ring has no more. */
function gather(tensors: readonly RingTensor[], position: number, from: number, to: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array((to - from) * tensors.reduce((sum, tensor) => sum + slotBytes(tensor), 0));
  let at = 0;
  for (const tensor of tensors) {
    const size = slotBytes(tensor);
    for (const { slot, first, count } of runs(tensor.ring, Math.max(from, firstOf(tensor.ring, position)), to))
      bytes.set(tensor.data.subarray(slot * size, (slot + count) * size), at + (first - from) * size);
    at += (to - from) * size;
  }
  return bytes;
}

/** Positions behind the sinks, as runs of slots that lie one after another. */
function* runs(
  { sinks, slots }: Ring,
  from: number,
  to: number,
): Generator<{ slot: number; first: number; count: number }> {
  for (let first = from; first < to; ) {
    const within = (first - sinks) % slots;
    const count = Math.min(to - first, slots - within);
    yield { slot: sinks + within, first, count };
    first += count;
  }
}
