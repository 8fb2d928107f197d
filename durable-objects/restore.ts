/**
 * restore: the state that a turn begins with, in the engine's memory.
 *
 * Fails closed: stored bytes that are not exactly what was written are never loaded. Then the state of the turn before is taken, or none,
 * and the caller feeds the rest of the token log again.
 */
import type { StateOrigin } from "../src/api/turn.ts";
import type { Backend, Sequence } from "../src/backends/backend.ts";
import { check, Failure } from "../src/core/failure.ts";
import { RECENT_TOKENS, type SamplerState } from "../src/engine/sampling.ts";
import { decodeState } from "../src/state/codec.ts";
import type { Store, StoredTurn } from "./store.ts";

export interface Restored {
  origin: StateOrigin;
  sequence: Sequence;
  sampler: SamplerState | undefined;
  /** Ids of the log that the sequence must be fed before anything new. */
  missing: Uint32Array;
}

/** `recent`: the turns whose states are kept, newest first. */
export async function restore(
  store: Store,
  backend: Backend,
  fingerprint: string,
  recent: StoredTurn[],
  owner: string,
): Promise<Restored> {
  const [last, ...older] = recent;
  const none = new Uint32Array(0);
  if (!last)
    return { origin: "new", sequence: await backend.open(undefined, owner), sampler: undefined, missing: none };
  const whole = await load(store, backend, fingerprint, last, owner);
  if (whole) return { origin: "resumed", ...whole, missing: none };
  const sampler = samplerOf(store, last);
  for (const turn of older) {
    const missing = store.ids(turn.position, last.position);
    const earlier = await load(store, backend, fingerprint, turn, owner);
    if (earlier) return { origin: "rebuilt", sequence: earlier.sequence, sampler, missing };
  }
  const missing = store.ids(0, last.position);
  return { origin: "rebuilt", sequence: await backend.open(undefined, owner), sampler, missing };
}

async function load(store: Store, backend: Backend, fingerprint: string, turn: StoredTurn, owner: string) {
  try {
    const { position, tensors, sampler } = decodeState(store.state(turn.state), fingerprint);
    check(position === turn.position, "state_unreadable", () => `position ${position}, expected ${turn.position}`);
    return { sequence: await backend.open({ position, tensors }, owner), sampler };
  } catch (thrown) {
    const failure = Failure.from(thrown);
    if (failure.code !== "state_unreadable") throw thrown;
    console.warn(`state of turn ${turn.n} is unreadable: ${failure.message}`);
    return undefined;
  }
}

/** The sampler's state without the stored one: its generator is in the turn's row, its recent ids are in the log. */
function samplerOf(store: Store, last: StoredTurn): SamplerState {
  const recent = store.ids(Math.max(0, last.logged - RECENT_TOKENS), last.logged);
  return { generator: last.generator, recent: [...recent], reply: [] };
}
