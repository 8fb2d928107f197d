/**
 * Limits of tenants and of their keys: how much anybody may ask for. LIMITS is JSON; what it does not name keeps the
 * value below, and null lifts a limit: `{"tenant": {…}, "key": {…}, "tenants": {"ann": {…}}, "keys": {"<first
 * 16 digits of the key's sha256>": {…}}}`.
 */
import * as z from "zod";
import { Failure } from "../../core/failure.ts";
import { complaint, expected } from "./schema-refusal.ts";

const amount = z.int().min(0).nullable();
const given = z.strictObject({
  requests_per_minute: amount.optional(),
  /** Turns that run or wait. */
  concurrent_turns: amount.optional(),
  /** Computed for prompts and replies, by the day of UTC; what a kept state held is free. */
  tokens_per_day: amount.optional(),
  stored_bytes: amount.optional(),
  /** Conversations and prefixes. */
  conversations: amount.optional(),
  sockets: amount.optional(),
});
const config = z.strictObject({
  tenant: given.optional(),
  key: given.optional(),
  tenants: z.record(z.string(), given).optional(),
  keys: z
    .record(z.string().regex(/^[0-9a-f]{16}$/, "expected the first 16 hex digits of the key's sha256"), given)
    .optional(),
});

export type QuotaName = keyof z.infer<typeof given>;
/** Infinity where there is none. */
export type QuotaLimits = Record<QuotaName, number>;

/** Generous: they stop a loop that went wrong, not a user. */
export const USUAL: QuotaLimits = {
  requests_per_minute: 30_000,
  concurrent_turns: 256,
  tokens_per_day: 100_000_000,
  stored_bytes: 100_000_000_000,
  conversations: 1_000_000,
  sockets: 1000,
};
const NONE = Object.fromEntries(Object.keys(USUAL).map((name) => [name, Number.POSITIVE_INFINITY])) as QuotaLimits;

/**
 * Of a caller's tenant, and of the key itself. `digest`: of the key, "" where there is none. Fails
 * with `bug` as `parseLimits` does.
 */
export function limitsOf(text: string | undefined, tenant: string, digest: string) {
  const { tenant: all, key, tenants, keys } = parseLimits(text ?? "");
  const over = (base: QuotaLimits, ...changes: (z.infer<typeof given> | undefined)[]): QuotaLimits =>
    Object.fromEntries(
      Object.entries(base).map(([name, value]) => {
        const last = changes.map((change) => change?.[name as QuotaName]).findLast((change) => change !== undefined);
        return [name, last === undefined ? value : (last ?? Number.POSITIVE_INFINITY)];
      }),
    ) as QuotaLimits;
  return {
    tenant: over(USUAL, all, Object.hasOwn(tenants ?? {}, tenant) ? tenants![tenant] : undefined),
    key: over(NONE, key, keys?.[digest.slice(0, 16)]),
  };
}

/** Fails with `bug` and one line. */
export function parseLimits(text: string): z.infer<typeof config> {
  if (text.trim() === "") return {};
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Failure("bug", `LIMITS: expected JSON, got ${JSON.stringify(text.slice(0, 40))}`);
  }
  const parsed = config.safeParse(json, { error: expected });
  if (parsed.success) return parsed.data;
  const { field, message } = complaint(parsed.error.issues, json);
  throw new Failure("bug", `LIMITS: ${field}${field && ": "}${message}`);
}
