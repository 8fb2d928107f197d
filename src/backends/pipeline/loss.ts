/** Which failures mean that a stage is gone, and so that the same call may well succeed at a new one. */
import { Failure, failures } from "../../core/failure.ts";

/**
 * A stage that is up answers with a Failure. What else comes is the platform's: the stage died,
 * was moved, or was never reached.
 */
export function isLoss(thrown: unknown): boolean {
  const { code, overloaded } = (thrown ?? {}) as { code?: unknown; overloaded?: boolean };
  if (typeof code === "string" && Object.hasOwn(failures, code)) return code === "stage_lost";
  // An overload is never asked again in a hurry: that makes it worse.
  return overloaded !== true;
}

/** What the platform said is for the log only. */
export const lost = (cause: unknown): Failure =>
  new Failure("stage_lost", "a stage of the model was lost again and again; try again in a few seconds", { cause });
