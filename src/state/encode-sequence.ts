/** encodeSequence: a live sequence's state as bytes, without an await between the view of its memory and the copy. */
import type { Sequence } from "../backends/backend.ts";
import { encodeState, type Precision } from "./codec.ts";
import type { ConversationState } from "./state.ts";

export async function encodeSequence(
  sequence: Sequence,
  rest: Omit<ConversationState, "position" | "tensors">,
  precision: Precision = "exact",
): Promise<Uint8Array> {
  const saved = sequence.save("view");
  const tensors = saved instanceof Promise ? await saved : saved;
  return encodeState({ ...rest, position: sequence.position, tensors }, precision);
}
