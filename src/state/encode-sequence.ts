/** encodeSequence: a live sequence's state as bytes, without an await between the view of its memory and the copy. */
import type { Sequence } from "../backends/backend.ts";
import { encodeParts, encodeState, layOutParts, type NewStretch, type Precision, type StateParts } from "./codec.ts";
import type { Joined } from "./joined.ts";
import type { ConversationState } from "./state.ts";
import type { Stretch } from "./stretches.ts";

type Rest = Omit<ConversationState, "position" | "tensors">;

export const encodeSequence = (sequence: Sequence, rest: Rest, precision: Precision = "exact"): Promise<Uint8Array> =>
  encoded(sequence, rest, precision, (state) => encodeState(state, precision));

/** For storage, which has `known` of what it has grown from, and takes long stretches one by one (`put`). */
export const encodeSequenceInParts = <Known extends Stretch>(
  sequence: Sequence,
  rest: Rest,
  precision: Precision,
  known: readonly Known[],
  mostBytes: number,
  put?: (stretch: NewStretch) => Known,
): Promise<StateParts<Known>> =>
  encoded(sequence, rest, precision, (state) => encodeParts(state, precision, known, mostBytes, put));

/** The same, where it lies in the sequence's memory: for `use`, and until that returns. */
export const useSequenceInParts = <Known extends Stretch, T>(
  sequence: Sequence,
  rest: Rest,
  precision: Precision,
  known: readonly Known[],
  mostBytes: number,
  put: (stretch: NewStretch) => Known,
  use: (parts: StateParts<Known, Joined>) => T,
): Promise<T> =>
  encoded(sequence, rest, precision, (state) => use(layOutParts(state, precision, known, mostBytes, put)));

async function encoded<T>(
  sequence: Sequence,
  rest: Rest,
  precision: Precision,
  encode: (state: ConversationState) => T,
): Promise<T> {
  const saved = sequence.save(precision === "rounded" ? "rounded" : "view");
  const tensors = saved instanceof Promise ? await saved : saved;
  return encode({ ...rest, position: sequence.position, tensors });
}
