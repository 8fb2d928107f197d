/**
 * restore: the state that a turn goes on from, in the engine's memory.
 *
 * Its own last checkpoint, else the state of the turn it continues, or as much as an earlier turn has rebuilt of
 * that, else the nearest one above; what lies between is fed again from the token log. Fails closed: stored bytes
 * that are not exactly what was written are never loaded. The state of the turn it continues may lie in the memory
 * still: then nothing is loaded.
 */
import type { Backend } from "../../src/backends/backend.ts";
import { count } from "../../src/core/event-counts.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { freeBytes } from "../../src/core/free-bytes.ts";
import { Random } from "../../src/sampling/random.ts";
import { Sampler } from "../../src/sampling/sampler.ts";
import { RECENT_TOKENS, type SamplerState } from "../../src/sampling/sampling.ts";
import { decodeApart, decodeState } from "../../src/state/codec.ts";
import type { MemorySlot } from "../model/memory-slot.ts";
import { preludeState } from "../model/prelude-state.ts";
import { protects } from "../platform/fault-points.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import type { Accepted } from "../storage/journal.ts";
import type { StateSet } from "../storage/state-pieces.ts";
import type { TurnTree } from "../storage/turn-tree.ts";
import type { Restored } from "./context.ts";

const none = new Uint32Array(0);

/**
 * For a prompt that begins with so many tokens of the template's prelude: with their state, where this isolate has it.
 */
export async function fresh(backend: Backend, prompt: Uint32Array, prelude: number, owner?: string): Promise<Restored> {
  const saved = prelude > 0 ? preludeState(backend) : undefined;
  return {
    sequence: await backend.open(saved, owner),
    sampler: saved && samplerAfter(prompt.subarray(0, saved.position)),
    missing: none,
    ends: [],
    pending: none,
    own: false,
    prelude: saved?.position ?? 0,
  };
}

/** As it stands after a prompt's first ids. */
export const samplerAfter = (ids: ArrayLike<number>): SamplerState => ({
  ...new Sampler(1).state(),
  recent: Array.from(ids).slice(-RECENT_TOKENS),
});

/** With what a prompt has in common with an earlier one. */
export const begunWith = (begun: Pick<Restored, "sequence" | "sampler">): Restored => ({
  ...begun,
  missing: none,
  ends: [],
  pending: none,
  own: false,
  prelude: 0,
});

/** `slot`: for which it is. Fails with `state_unreadable` when the token log itself has a gap. */
export async function restore(
  store: ConversationStore,
  backend: Backend,
  turn: Accepted,
  prompt: Uint32Array,
  slot: Pick<MemorySlot, "asker" | "takeWarm">,
  { ownCheckpoint = true } = {},
): Promise<Restored> {
  const { tree, pieces } = store;
  const { owner } = slot.asker;
  const parent = turn.parent === null ? undefined : tree.turn(turn.parent)!;
  const position = parent?.position ?? 0;
  const pending = parent ? tree.ids(parent.id, position, parent.logged) : none;
  const missingFrom = (from: number) => ({
    missing: tree.ids(turn.parent, Math.min(from, position), position),
    ends: endsFrom(tree, turn.parent, Math.min(from, position)),
  });
  // All that is read of the log is read before a sequence is opened: a statement that fails then leaves none behind.
  const own = ownCheckpoint ? pieces.of(turn.id) : undefined;
  if (own) {
    const lacking = missingFrom(own.position);
    const checkpoint = await load(store, backend, turn, own, owner);
    if (checkpoint) {
      const { sampler, ...state } = checkpoint;
      const kept = protects("generator") ? sampler : { ...sampler, generator: Random.fromEntropy().words() };
      return { ...state, sampler: kept, ...lacking, pending, own: true, prelude: 0 };
    }
  }
  // What is kept of a turn with instructions begins otherwise than its prompt.
  if (!parent) return fresh(backend, prompt, turn.settling ? 0 : (turn.prelude ?? 0), owner);
  for (const set of store.states.from(parent.id, turn.fingerprint, { rebuilt: true })) {
    const lacking = missingFrom(set.position);
    const isParent = set.turn === parent.id;
    const sampler = isParent ? undefined : samplerOf(store, parent.id);
    const warm = slot.takeWarm(backend, isParent ? parent.stateTag : undefined);
    if (warm) {
      count("state_warm");
      if (turn.request.persistent) pieces.hold(turn.id, set);
    }
    const state = warm ?? (await load(store, backend, turn, set, owner));
    if (!state) continue;
    return { ...state, sampler: isParent ? state.sampler : sampler, ...lacking, pending, own: false, prelude: 0 };
  }
  const lacking = missingFrom(0);
  const sampler = samplerOf(store, parent.id);
  slot.takeWarm(backend, undefined);
  const sequence = await backend.open(undefined, owner);
  return { sequence, sampler, ...lacking, pending, own: false, prelude: 0 };
}

/** The positions after `from` at which turns of a path have ended, in order. */
function endsFrom(tree: TurnTree, at: string | null, from: number): number[] {
  const ends: number[] = [];
  for (const { position } of tree.path(at)) {
    if (position <= from) break;
    ends.push(position);
  }
  return ends.reverse();
}

async function load(
  store: ConversationStore,
  backend: Backend,
  { id, fingerprint, request }: Accepted,
  set: StateSet,
  owner: string,
): Promise<(Pick<Restored, "sequence" | "stretches"> & { sampler: SamplerState }) | undefined> {
  const verify = protects("checksum");
  try {
    const { pieces } = store;
    const own = pieces.read(set);
    const state = backend.copiesSaved
      ? decodeApart(own, fingerprint, pieces.stretchReader(set), { verify })
      : decodeState(own, fingerprint, { verify, stretches: pieces.readStretches(set) });
    const { sampler, stretches = [], ...saved } = state;
    const { position } = saved;
    check(position === set.position, "state_unreadable", () => `position ${position}, expected ${set.position}`);
    if (request.persistent) pieces.hold(id, set);
    const sequence = await backend.open(saved, owner);
    // Left to the collector they would lie beside the engine's own copy while the turn is computed.
    if (backend.copiesSaved) freeBytes(own);
    return { sequence, sampler, stretches: stretches.map((each, n) => ({ ...each, row: set.stretches[n]! })) };
  } catch (thrown) {
    const failure = Failure.from(thrown);
    if (failure.code !== "state_unreadable") throw thrown;
    count("state_damaged");
    console.warn(`state of turn ${set.turn} is unreadable: ${failure.message}`);
    return undefined;
  }
}

/** The sampler's state without the stored one: its generator is in the turn's row, its recent ids are in the log. */
function samplerOf(store: ConversationStore, id: string): SamplerState | undefined {
  const { generator, logged } = store.tree.turn(id)!;
  if (generator.length === 0) return undefined;
  const recent = store.tree.ids(id, Math.max(0, logged - RECENT_TOKENS), logged);
  return { generator, recent: [...recent], reply: [] };
}
