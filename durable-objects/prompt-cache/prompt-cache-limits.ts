/** Limits of a tenant's prompt cache, from the Worker's variables. */
import { countSetting } from "../../src/core/settings.ts";

export interface PromptCacheLimits {
  /** How long a state is kept after its last use; 0: nothing is. */
  ttlMs: number;
  maxBytes: number;
}

export type PromptCacheSettings = { AUTO_RESUME_TTL?: string; AUTO_RESUME_BYTES?: string };

/**
 * `AUTO_RESUME_TTL`: seconds, 0 switches it off. `AUTO_RESUME_BYTES`: of one tenant. Fails
 * with `bug` where one is no number.
 */
export function promptCacheLimits(env: PromptCacheSettings): PromptCacheLimits {
  return {
    ttlMs: 1000 * countSetting(env, "AUTO_RESUME_TTL"),
    maxBytes: countSetting(env, "AUTO_RESUME_BYTES"),
  };
}
