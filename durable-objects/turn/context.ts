/** What turns are computed with: what their object lends to all of them, and what one attempt at one of them holds. */

import type { Timings, TurnRequest } from "../../src/api/shared/turn.ts";
import type { Sequence } from "../../src/backends/backend.ts";
import type { Served } from "../../src/dialogue/load.ts";
import type { SamplerState } from "../../src/sampling/sampling.ts";
import type { MemorySlot } from "../model/memory-slot.ts";
import type { Alarms } from "../platform/alarms.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import type { Accepted } from "../storage/journal.ts";
import type { StoredStretch } from "../storage/state-pieces.ts";
import type { RunningTurn } from "./running-turn.ts";
import type { WorkBudget } from "./work-budget.ts";

/** A request that says which model it is for, and in whose name. */
export type AskedModel = Partial<Pick<TurnRequest, "model" | "tenant">> & {
  fingerprint?: string;
  keptName?: () => string | undefined;
};

/** What an object lends to its turns. */
export interface Host {
  ctx: DurableObjectState;
  env: Env;
  store(): ConversationStore;
  alarms: Alarms;
  /**
   * The model of what is kept here; where nothing is yet, the one that is asked for, else the default. Fails as
   * `served` of served-model.ts does.
   */
  served(request?: AskedModel): Promise<Served>;
  /** Names the object's memory slots. */
  owner: string;
  /** The object's own name: 32 hex digits. */
  object: string;
  /** A turn has ended here, however, and computed so many tokens: its lease is free. */
  ended(tenant: string, turn: string, tokens: number): void;
}

/**
 * What a turn begins with is there even where nothing of it is kept: when it begins with a prefix,
 * or goes on from a turn that is.
 */
export const sourceOf = (request: TurnRequest, host: Host): ConversationStore | undefined =>
  request.persistent || request.prefix !== undefined || (isThrownAway(request) && host.store().database.exists)
    ? host.store()
    : undefined;

/** It goes on from what is kept here, and leaves nothing. */
export const isThrownAway = ({ persistent, parent, near, head }: TurnRequest): boolean =>
  !persistent && (typeof parent === "string" || near !== undefined || head !== undefined);

/** The state that a turn goes on from, in the engine's memory. */
export interface Restored {
  sequence: Sequence;
  sampler: SamplerState | undefined;
  /** Ids of the path's log that the sequence must be fed before anything of this turn. */
  missing: Uint32Array;
  /**
   * Positions among those ids at which turns of the path have ended. The state is rounded
   * there, as what those turns left was.
   */
  ends: readonly number[];
  /** Ids of the path's log that even its last state had not been fed. */
  pending: Uint32Array;
  /** The sequence holds the turn's own last checkpoint. */
  own: boolean;
  /** In storage they hold what the sequence's state has in common with the one that it was read from. Absent: none. */
  stretches?: readonly StoredStretch[];
  /** Tokens that the sequence was begun with and that nobody's conversation left: the template's prelude. */
  prelude: number;
}

export interface AttemptContext {
  accepted: Accepted;
  prompt: Uint32Array;
  epoch: number;
  running: RunningTurn;
  served: Served;
  /** Absent: nothing is kept. */
  store: ConversationStore | undefined;
  slot: MemorySlot;
  restored: Restored;
  /** What its prompt took from the tenant's cache, and what it leaves there. */
  cached?: { reached(sequence: Sequence): Promise<void> };
  budget: WorkBudget;
  timings: Timings;
  ctx: DurableObjectState;
}
