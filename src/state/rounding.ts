/** What of a state may be rounded when it is written, and that every number in it is finite. */
import type { StateTensor } from "../backends/backend.ts";
import { Failure } from "../core/failure.ts";
import { toHalves } from "../kernels/half.ts";

/**
 * `rounded` is for what a turn leaves: tensors that may be rounded are written as halves. `exact` is for all that is
 * written within a turn, where nothing is rounded.
 */
export type Precision = "exact" | "rounded";

/** Fails with `state_unreadable` when a float is not finite: such a state must never be kept. */
export function roundedTo(precision: Precision, given: readonly StateTensor[]): StateTensor[] {
  const tensors = given.map((tensor) => (precision === "rounded" ? asHalves(tensor) : tensor));
  for (const tensor of tensors) checkFinite(tensor);
  return tensors;
}

/** As halves, where it may be rounded and no float is too large for one. */
function asHalves(tensor: StateTensor): StateTensor {
  const halves = tensor.rounds && !tensor.stored && toHalves(wordsOf(tensor.data));
  return halves ? { ...tensor, stored: "f16", data: new Uint8Array(halves.buffer) } : tensor;
}

const wordsOf = (data: Uint8Array): Int32Array =>
  data.byteOffset % 4
    ? new Int32Array(data.slice().buffer)
    : new Int32Array(data.buffer, data.byteOffset, data.length / 4);

/** NaN and infinities have all exponent bits set. */
function checkFinite({ name, dtype, stored, data }: StateTensor): void {
  if (dtype !== "f32" || stored) return; // `toHalves` makes finite ones only.
  const words = wordsOf(data);
  for (let i = 0; i < words.length; i++) {
    if ((words[i]! & 0x7f800000) === 0x7f800000)
      throw new Failure("state_unreadable", `state: ${name}[${i}] is not a finite number`);
  }
}
