/**
 * Goldens that are run in stages inside the runtime: mixers and attention, a tied head, shared
 * weights that read the embedding.
 */
export const stagedCases = ["bamba-groups4", "llama-grouped-tied", "zamba2-adapters-rope"] as const;
