/**
 * Outcome: what a method that is called by RPC answers: its value, or the failure as plain fields. A failure that is
 * thrown through RPC loses its class on the way, and the runtime logs it as if nobody had caught it.
 */
import type { Failure } from "../../src/core/failure.ts";
import { logFailure } from "./log-failure.ts";

export type Outcome<T> = { value: T } | { failure: Pick<Failure, "code" | "message" | "param"> };

/** Never rejects. */
export async function outcomeOf<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work() };
  } catch (thrown) {
    const { code, message, param } = logFailure(thrown);
    return { failure: { code, message, param } };
  }
}
