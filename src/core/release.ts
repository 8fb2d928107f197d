/** This release: what /version and /openapi.json say, and what a model's date is where its pack has none. */
export const RELEASE = { version: "0.1.0", date: "2026-11-17" } as const;
