/**
 * prelude-state: the state after a model's prelude (src/dialogue/prelude.ts), of every engine of this
 * isolate that has room for one.
 *
 * The first turn that reads a prelude leaves it here, and every later one begins with it. It holds the template's own
 * words and nothing that anybody said, whoever was first; it is in memory only, and gone when its engine is.
 */
import type { Backend, Saved, Sequence } from "../../src/backends/backend.ts";

/** Of engines that may have one. */
const states = new WeakMap<Backend, { saved?: Saved }>();

/** Says whether an engine has room for the state; without, what it had is gone. */
export function allowPrelude(backend: Backend, hasRoom: boolean): void {
  // Stages keep what they computed themselves: the state here would be references to a conversation's own.
  if (!hasRoom || !backend.forwardMany) states.delete(backend);
  else if (!states.has(backend)) states.set(backend, {});
}

/** The sequence holds the prelude and nothing else. */
export async function keepPrelude(backend: Backend, sequence: Sequence): Promise<void> {
  const kept = states.get(backend);
  if (!kept || kept.saved) return;
  kept.saved = { position: sequence.position, tensors: await sequence.save() };
}

/** Undefined where nobody has left it yet, or none may be left. */
export const preludeState = (backend: Backend): Saved | undefined => states.get(backend)?.saved;
