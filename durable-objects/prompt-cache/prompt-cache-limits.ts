/** Limits of a tenant's prompt cache, from the Worker's variables. */
const HOUR_SECONDS = 3600;
/** Some fifty states of the default model. */
const MAX_BYTES = 256_000_000;

export interface PromptCacheLimits {
  /** How long a state is kept after its last use; 0: nothing is. */
  ttlMs: number;
  maxBytes: number;
}

export type PromptCacheSettings = { AUTO_RESUME_TTL?: string; AUTO_RESUME_BYTES?: string };

const countOf = (text: string | undefined, otherwise: number): number =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : otherwise;

/** `AUTO_RESUME_TTL`: seconds, 0 switches it off. `AUTO_RESUME_BYTES`: of one tenant. */
export function promptCacheLimits(env: PromptCacheSettings): PromptCacheLimits {
  return {
    ttlMs: 1000 * countOf(env.AUTO_RESUME_TTL, HOUR_SECONDS),
    maxBytes: countOf(env.AUTO_RESUME_BYTES, MAX_BYTES),
  };
}
