/** Shapes of a decoder's state at a position, and the check of a saved one. */
import { Failure } from "../../core/failure.ts";
import { product } from "../../core/sizes.ts";
import type { OnnxDecoder } from "../../weights/manifest.ts";
import type { StateTensor } from "../backend.ts";

export type OnnxState = OnnxDecoder["state"][number];

/** The shape after `position` tokens. */
export const shapeAt = ({ shape, grows }: OnnxState, position: number): number[] =>
  shape.map((size, axis) => (axis === grows ? position : size));

export const bytesAt = (state: readonly OnnxState[], position: number): number =>
  state.reduce((n, spec) => n + 4 * product(shapeAt(spec, position)), 0);

/** Names, types, shapes and lengths must be those of this graph at that position. Fails with `state_unreadable`, naming the tensor. */
export function checkState(
  state: readonly OnnxState[],
  { position, tensors }: { position: number; tensors: readonly StateTensor[] },
): void {
  const fail = (message: string, param = "state"): never => {
    throw new Failure("state_unreadable", `state: ${message}`, { param });
  };
  if (!Number.isSafeInteger(position) || position < 0)
    fail(`position: expected a non-negative integer, got ${position}`);
  const got = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  if (got.size !== tensors.length || got.size !== state.length)
    fail(`expected ${state.length} tensors, got ${tensors.length}`);
  for (const spec of state) {
    const name = spec.past;
    const shape = shapeAt(spec, position);
    const tensor = got.get(name) ?? fail(`${name} is missing`, name);
    if (tensor.dtype !== "f32") fail(`${name}: expected f32, got ${tensor.dtype}`, name);
    if (tensor.shape.join() !== shape.join()) fail(`${name}: expected shape [${shape}], got [${tensor.shape}]`, name);
    const bytes = 4 * product(shape);
    if (tensor.data.byteLength !== bytes) fail(`${name}: expected ${bytes} bytes, got ${tensor.data.byteLength}`, name);
  }
}
