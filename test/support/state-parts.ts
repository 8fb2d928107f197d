/** A state in parts, as storage writes it, but with bytes of its own: what a test may keep and compare. */
import type { Sequence } from "../../src/backends/backend.ts";
import { layOutParts, type NewStretch, type StateParts } from "../../src/state/codec.ts";
import { useSequenceInParts } from "../../src/state/encode-sequence.ts";
import type { Precision } from "../../src/state/rounding.ts";
import type { ConversationState } from "../../src/state/state.ts";
import type { Stretch } from "../../src/state/stretches.ts";

export interface WholeParts<Known extends Stretch> {
  bytes: Uint8Array<ArrayBuffer>;
  stretches: (Known | NewStretch)[];
}

const whole = <Known extends Stretch>({ bytes, stretches }: StateParts<Known>): WholeParts<Known> => ({
  bytes: bytes.whole(),
  stretches,
});

export const encodeParts = <Known extends Stretch>(...given: Parameters<typeof layOutParts<Known>>) =>
  whole(layOutParts<Known>(...given));

export const encodeSequenceInParts = <Known extends Stretch>(
  sequence: Sequence,
  rest: Omit<ConversationState, "position" | "tensors">,
  precision: Precision,
  known: readonly Known[],
  mostBytes: number,
): Promise<WholeParts<Known>> =>
  useSequenceInParts<Known, WholeParts<Known>>(sequence, rest, precision, known, mostBytes, undefined, whole);
