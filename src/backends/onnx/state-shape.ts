/** Shapes of a decoder's state at a position. */
import { product } from "../../core/sizes.ts";
import type { OnnxDecoder } from "../../weights/manifest.ts";
import type { StateShape } from "../check-state.ts";

type OnnxState = OnnxDecoder["state"][number];

/** The shape after `position` tokens. */
export const shapeAt = ({ shape, grows }: OnnxState, position: number): number[] =>
  shape.map((size, axis) => (axis === grows ? position : size));

export const bytesAt = (state: readonly OnnxState[], position: number): number =>
  state.reduce((n, spec) => n + 4 * product(shapeAt(spec, position)), 0);

/** Names, types and shapes after `position` tokens. */
export const shapesAt = (state: readonly OnnxState[], position: number): StateShape[] =>
  state.map((spec) => ({ name: spec.past, dtype: "f32", shape: shapeAt(spec, position) }));
