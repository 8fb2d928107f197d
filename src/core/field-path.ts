/** fieldPath: where a value stands in JSON, as messages name it: `messages[2].role`. */

/** Of one name, which may be a caller's text. */
const NAME_MAX_CHARS = 80;

export const fieldPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((at, key) => {
    if (typeof key === "number") return `${at}[${key}]`;
    const name = JSON.stringify(String(key).slice(0, NAME_MAX_CHARS)).slice(1, -1);
    return at ? `${at}.${name}` : name;
  }, "");
