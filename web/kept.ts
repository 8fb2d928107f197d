/**
 * kept: signals whose values outlive a reload, in this browser. A browser may forbid storage, or be full; then
 * they last as long as the page.
 */
import { type Signal, signal } from "@preact/signals";

/** Servers that are mounted below paths of one origin keep their own. */
const prefix = `rivulet ${location.pathname} `;

export function read<T>(name: string): T | undefined {
  try {
    return JSON.parse(localStorage.getItem(prefix + name) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

export function write(name: string, value: unknown): boolean {
  try {
    if (value === undefined) localStorage.removeItem(prefix + name);
    else localStorage.setItem(prefix + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** Other tabs' changes come in as they happen. */
export function kept<T>(name: string, initial: T): Signal<T> {
  const value = signal<T>(read<T>(name) ?? initial);
  let known = value.peek();
  value.subscribe((now) => {
    if (now === known) return;
    known = now;
    write(name, now);
  });
  addEventListener("storage", ({ key }) => {
    if (key !== prefix + name) return;
    known = read<T>(name) ?? initial;
    value.value = known;
  });
  return value;
}
