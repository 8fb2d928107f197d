/**
 * checkState: names, types, shapes and lengths of a saved state must be those of the model at that
 * position, before any byte is used.
 */
import { Failure } from "../core/failure.ts";
import { product } from "../core/sizes.ts";
import type { Saved, StateTensor } from "./backend.ts";

export type StateShape = Omit<StateTensor, "data">;

export const bytesOf = ({ dtype, shape }: StateShape): number => product(shape) * (dtype === "f32" ? 4 : 1);

/** `shapesAt` gives what a state of so many tokens has. Fails with `state_unreadable`, naming the tensor. */
export function checkState(
  { position, tensors, fill }: Saved,
  shapesAt: (position: number) => readonly StateShape[],
): void {
  const fail = (message: string, param = "state"): never => {
    throw new Failure("state_unreadable", `state: ${message}`, { param });
  };
  if (!Number.isSafeInteger(position) || position < 0)
    fail(`position: expected a non-negative integer, got ${position}`);
  const expected = shapesAt(position);
  const got = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  if (got.size !== tensors.length || got.size !== expected.length)
    fail(`expected ${expected.length} tensors, got ${tensors.length}`);
  for (const shape of expected) {
    const { name, dtype } = shape;
    const tensor = got.get(name) ?? fail(`${name} is missing`, name);
    if (tensor.dtype !== dtype) fail(`${name}: expected ${dtype}, got ${tensor.dtype}`, name);
    if (tensor.shape.join() !== shape.shape.join())
      fail(`${name}: expected shape [${shape.shape}], got [${tensor.shape}]`, name);
    if (tensor.stored && !shape.rounds) fail(`${name}: expected floats, got halves`, name);
    // Of a ring that is filled later there are the sinks.
    const sinks = fill && tensor.ring && [Math.min(position, tensor.ring.sinks), ...shape.shape.slice(1)];
    const bytes = bytesOf({ ...shape, shape: sinks ?? shape.shape }) / (tensor.stored ? 2 : 1);
    if (tensor.data.byteLength !== bytes) fail(`${name}: expected ${bytes} bytes, got ${tensor.data.byteLength}`, name);
  }
}
