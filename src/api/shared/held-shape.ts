/**
 * checkHeld: whether a reply can have the form that its request asks for; what it will not be
 * held to is named to the caller.
 */
import type { ReplyShape } from "../../constrain/constraint.ts";
import { checkShape } from "../../constrain/constraint-for.ts";
import type { ShapePaths } from "../../constrain/reply/reply-grammar.ts";
import { dotted } from "../../constrain/schema/place.ts";
import type { Ignored } from "./ignored.ts";

/** Fails as `checkShape` does. A keyword that the whole reply is checked against has its effect, and is not named. */
export async function checkHeld(
  shape: ReplyShape,
  paths: ShapePaths,
  ignored: Ignored,
  signal: AbortSignal,
): Promise<void> {
  for (const { path, leftOut } of await checkShape(shape, paths, signal))
    for (const { pointer, checked } of leftOut) if (!checked) ignored.add(path + dotted(pointer));
}
