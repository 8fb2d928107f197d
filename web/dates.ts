/** Days and times as people read them in a list, in the reader's own language. */
const DAY_MS = 86_400_000;
const midnight = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0);

export function dayOf(ms: number, nowMs: number = Date.now()): string {
  const days = Math.round((midnight(nowMs) - midnight(ms)) / DAY_MS);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days < 7) return new Date(ms).toLocaleDateString("en", { weekday: "long" });
  return new Date(ms).toLocaleDateString("en", { year: "numeric", month: "long" });
}

export function timeOf(ms: number, nowMs: number = Date.now()): string {
  const date = new Date(ms);
  if (midnight(ms) === midnight(nowMs))
    return date.toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit", hour12: false });
  return date.toLocaleDateString("en", { day: "numeric", month: "short" });
}
