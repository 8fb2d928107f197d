/**
 * lazily: a module that is loaded when a component first asks for it; the component is drawn again when it is there.
 */
import { signal } from "@preact/signals";

export function lazily<T>(load: () => Promise<T>): () => T | undefined {
  const loaded = signal<T | undefined>(undefined);
  let asked = false;
  return () => {
    if (!asked) {
      asked = true;
      load().then(
        (module) => {
          loaded.value = module;
        },
        // The server may be away: the next one that asks tries again.
        () => {
          asked = false;
        },
      );
    }
    return loaded.value;
  };
}
