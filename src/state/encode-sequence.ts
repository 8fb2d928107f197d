/** encodeSequence: a live sequence's state as bytes, without an await between the view of its memory and the copy. */
import type { Sequence } from "../backends/backend.ts";
import { encodeState, layOutParts, type NewStretch, type StateParts } from "./codec.ts";
import type { Precision } from "./rounding.ts";
import type { ConversationState } from "./state.ts";
import type { Stretch } from "./stretches.ts";

type Rest = Omit<ConversationState, "position" | "tensors">;

export const encodeSequence = (sequence: Sequence, rest: Rest, precision: Precision = "exact"): Promise<Uint8Array> =>
  encoded(sequence, rest, precision, (state) => encodeState(state, precision));

/**
 * For storage, which has `known` of what it has grown from, and takes long stretches one by one (`put`). The rest lies
 * in the sequence's memory: it is there for `use`, and until that returns.
 */
export const useSequenceInParts = <Known extends Stretch, T>(
  sequence: Sequence,
  rest: Rest,
  precision: Precision,
  known: readonly Known[],
  mostBytes: number,
  put: ((stretch: NewStretch) => Known) | undefined,
  use: (parts: StateParts<Known>) => T,
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
