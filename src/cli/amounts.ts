/** Amounts as people read them. */
export function bytes(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const at = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, n)) / 3));
  return at === 0 ? `${n} B` : `${(n / 1000 ** at).toPrecision(3)} ${units[at]}`;
}

export function count(n: number): string {
  const units = ["", " k", " M", " G", " T"];
  const at = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, n)) / 3));
  return at === 0 ? String(n) : `${(n / 1000 ** at).toPrecision(3)}${units[at]}`;
}
