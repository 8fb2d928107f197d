/**
 * admitRequest: every request of a caller is counted against the limits of its key and tenant
 * before anything is done for it.
 *
 * The tenant's directory counts. Where RATE_LIMITER is bound, the platform's own limiter stands before it: it is not
 * exact, but refuses a flood without a Durable Object.
 */
import type { Context } from "hono";
import { ask, type Counted, refuse } from "../../durable-objects/directory/allowance.ts";
import { Failure } from "../core/failure.ts";

type Limiter = { RATE_LIMITER?: { limit(of: { key: string }): Promise<{ success: boolean }> } };
const LIMITER_SECONDS = 10;

/** The reply's headers say what is left, as OpenAI's do. Fails with `rate_limit_exceeded`, or `quota_unavailable`. */
export async function admitRequest(
  c: Context<{ Bindings: Env }>,
  counted: Counted,
  kind: "request" | "values" = "request",
): Promise<void> {
  const { RATE_LIMITER } = c.env as Limiter;
  if (RATE_LIMITER && !(await RATE_LIMITER.limit({ key: counted.digest || counted.tenant })).success)
    throw new Failure("rate_limit_exceeded", "too many requests; try again later", { afterSeconds: LIMITER_SECONDS });
  const answer = await ask(c.env, counted, kind);
  for (const name of ["requests", "tokens"] as const) {
    const { limit, remaining, resetMs } = answer[name];
    if (limit === null || remaining === null) continue;
    left.set(c.req.raw, [
      ...(left.get(c.req.raw) ?? []),
      [`x-ratelimit-limit-${name}`, String(limit)],
      [`x-ratelimit-remaining-${name}`, String(remaining)],
      [`x-ratelimit-reset-${name}`, durationOf(resetMs)],
    ]);
  }
  refuse(answer.refused);
}

const left = new WeakMap<Request, [name: string, value: string][]>();

/** Says in the headers of a reply, a refusal too, what is left of the limits. */
export function addLimitHeaders(request: Request, reply: Headers): void {
  for (const [name, value] of left.get(request) ?? []) reply.set(name, value);
}

/** As OpenAI writes durations: `6m0s`, `1s`, `20ms`. */
export function durationOf(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const seconds = Math.ceil(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return `${hours ? `${hours}h` : ""}${hours || minutes ? `${minutes}m` : ""}${seconds % 60}s`;
}
