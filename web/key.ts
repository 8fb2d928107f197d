/** The key of the server's owner, kept for this tab, or on this device when that was asked for. */
const NAME = "rivulet-key";

/** A browser may forbid storage; then a key lasts as long as the page. */
const within = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch {
    return undefined;
  }
};

export const rememberedKey = (): string | undefined =>
  within(() => sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME)) ?? undefined;

export function rememberKey(key: string, onDevice: boolean): void {
  within(() => {
    (onDevice ? localStorage : sessionStorage).setItem(NAME, key);
    (onDevice ? sessionStorage : localStorage).removeItem(NAME);
  });
}
