/**
 * Backend: a loaded model that turns token ids into logits and keeps one Sequence per live conversation.
 *
 * Every backend passes test/backends/backend.suite.ts. Ids in, logits out: no text, no HTTP, no storage.
 */

/** One tensor of a conversation's state, as bytes. */
export interface StateTensor {
  name: string;
  dtype: "f32" | "int8";
  shape: number[];
  data: Uint8Array;
  /** Its floats may be rounded to halves where a turn ends. */
  rounds?: true;
  /** It was rounded when it was written, so `data` holds halves. */
  stored?: "f16";
  /** Its first axis counts slots of a cache. */
  ring?: Ring;
}

/**
 * Slots of a cache: one for each of the first `sinks` positions, then so many in turn for the others. What was
 * written for a position never changes.
 */
export interface Ring {
  sinks: number;
  slots: number;
}

/**
 * The residual stream between two stages, bit by bit, and the step's embeddings where a layer reads them; (T, D) each.
 */
export interface Rows {
  stream: Float32Array;
  embedded?: Float32Array;
}

export type Want = "all" | "last" | "none";

export interface Sequence {
  /** Tokens that the state holds. */
  readonly position: number;
  /** Bytes resident in the engine's memory for this sequence. */
  readonly bytes: number;
  /** Bytes that the last save has stored where the references point. */
  readonly bytesElsewhere?: number;
  /**
   * Feeds 1…`sliceTokens` ids and returns logits: (T, V) for `all`, (1, V) for `last`, empty for `none`.
   * The array is valid until the next call on any sequence. Fails with `context_length_exceeded` or
   * `memory_exceeded`, state unchanged.
   */
  forward(ids: Uint32Array, want: Want): Float32Array | Promise<Float32Array>;
  /**
   * Feeds ids of which only the first is certain, and returns logits (T, V) as T calls of one id give them, bit by bit,
   * in an array of its own. `position` counts the first; each `accept` counts one more. What was not accepted by the
   * next call of another method has never been.
   * Undefined, and nothing done, when it does not pay now. Fails as `forward` does. Absent where it never pays.
   */
  guess?(ids: Uint32Array): Float32Array | undefined;
  /** The next guessed id was right. False when that is too late: feed it as usual. */
  accept?(): boolean;
  /**
   * The state; the sequence stays usable. `view`: data may be the engine's own memory, good until
   * the next call on any sequence.
   * `rounded`: as a view, after `round`; what was rounded may be given as halves.
   * Where stages keep the state themselves these are references to it, and it is on disk when they are given.
   */
  save(as?: "view" | "rounded"): StateTensor[] | Promise<StateTensor[]>;
  /**
   * Rounds the state in memory as a turn's end does when it is written (src/state/codec.ts).
   * Absent where nothing may be rounded.
   */
  round?(): void;
  /** Frees the memory and wipes it. Idempotent. */
  release(): void;
}

/** The context length of a model whose state is bounded. */
export const ENDLESS = 2 ** 31 - 1;

export interface Backend {
  readonly vocab: number;
  /** Positions that a conversation may reach; `ENDLESS` where its state stops growing before. */
  readonly contextLength: number;
  /** Longest slice of one forward call (work between two yields). */
  readonly sliceTokens: number;
  /** Bytes now held: weights, scratch, sequences. */
  readonly memoryBytes: number;
  /** Bytes of a state of `position` tokens, as saved. */
  stateBytes(position: number): number;
  /**
   * An empty sequence, or one with this state. `owner`: whose conversation it is; only backends
   * that keep states elsewhere ask.
   * Fails with `memory_exceeded`, or `state_unreadable` when shapes do not fit or what is kept elsewhere is not there.
   */
  open(saved?: Saved, owner?: string): Sequence | Promise<Sequence>;
  /**
   * `open` keeps none of the bytes that it is given, so its caller may free them. Absent where it may need them again.
   */
  readonly copiesSaved?: true;
  /**
   * A sequence that gave its state `rounded` goes on as one that is opened with what was written of that, bit by bit.
   * Absent where it may not, and where it lies elsewhere.
   */
  readonly goesOnAsSaved?: true;
  /**
   * `free`, which the backend asks before it fails with `memory_exceeded`, releases a sequence that nobody needs; it
   * says false where there is none.
   */
  whenFull?(free: () => boolean): void;
  /**
   * True once after the platform warned that the CPU time of the request is nearly used up; asking clears the warning.
   */
  cpuSignal?(): boolean;
  /**
   * One step of several sequences, at most `sliceTokens` ids in all: logits as `Sequence.forward` alone gives
   * them, bit by bit, in arrays of their own. A failure leaves all states unchanged. Absent where steps cannot
   * share the reading of the weights.
   */
  forwardMany?(turns: readonly SharedStep[]): Float32Array[];
  /**
   * What a guess needs besides may make the memory so large and no larger; where that is not enough, it fails. Without
   * a call nothing but the memory's own bound counts.
   */
  boundGuesses?(bytes: number): void;
  /**
   * Bytes of its memory that it needs within a call alone, so whoever returns before the next one may write there.
   * Undefined where it has not so many.
   */
  lend?(bytes: number): { buffer: ArrayBufferLike; at: number } | undefined;
  /**
   * Takes an array back that `forwardMany` gave and that nobody reads any more: the next logits are written over it.
   */
  recycle?(logits: Float32Array): void;
}

export interface Saved {
  position: number;
  tensors: StateTensor[];
  /**
   * Writes the slots of caches, by the tensor's name, into room for all of them. Where it is there, those
   * tensors' data are the sinks alone, and all data are gone once it is called. Fails with `state_unreadable`.
   * Only for a backend that `copiesSaved`.
   */
  fill?(rooms: ReadonlyMap<string, Uint8Array>): void;
}

export interface SharedStep {
  sequence: Sequence;
  ids: Uint32Array;
  want: Want;
}
