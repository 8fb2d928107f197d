/** Numbers as people read them; a line never breaks before a unit. */

export const count = (n: number): string => n.toLocaleString("en");

export function bytes(n: number): string {
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e4 ? 1 : 0)}\u00a0kB`;
  if (n < 1e9) return `${(n / 1e6).toFixed(n < 1e8 ? 1 : 0)}\u00a0MB`;
  return `${(n / 1e9).toFixed(1)}\u00a0GB`;
}

export const seconds = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)}\u00a0ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)}\u00a0s`;
