/**
 * Stage: a run of the model's blocks, somewhere; for one conversation it holds these blocks' state.
 *
 * A lease names one live sequence. Every call says how many tokens the caller believes to be in the state, and
 * a stage that knows better refuses: so a stage that was lost, began anew, or missed a call is found out
 * before anything is computed with it.
 */
import type { Rows, Saved, StateTensor, Want } from "../backend.ts";

/** A state that a stage has stored. */
export interface Stored {
  /** Of the whole conversation: the same number at every stage. */
  epoch: number;
  position: number;
  sha256: string;
  bytes: number;
}

export interface StageLink {
  /** Begins to load what takes long. */
  warm?(): Promise<void>;
  /**
   * Begins a sequence: empty, at a stored epoch, or with these tensors. Gives the newest epoch it has.
   * Fails with `state_unreadable` when it does not have exactly that epoch.
   */
  open(lease: string, from?: Stored | Saved): Promise<{ newest: number }>;
  /** `S`: tokens before. Fails with `stage_lost` unless the lease holds exactly these. */
  pass(lease: string, S: number, input: Uint32Array | Rows, want: Want): Promise<Rows | Float32Array>;
  /** Stores the state as this epoch, on disk; the epoch it was opened from stays. Fails as `pass` does. */
  store(lease: string, S: number, epoch: number): Promise<Stored>;
  /** The state itself. Fails as `pass` does. */
  save(lease: string, S: number): Promise<StateTensor[]>;
  release(lease: string): Promise<void>;
}

/** States that a stage has stored for one conversation, by epoch. */
export interface EpochStore {
  /** 0 when there is none. */
  newest(): number;
  /** Fails with `state_unreadable` unless every byte is as it was stored. */
  load(stored: Stored): Saved;
  /** Resolves when it is on disk. Of the others `keep` and the newest few stay. */
  store(epoch: number, saved: Saved, keep: number | undefined): Promise<Stored>;
}
