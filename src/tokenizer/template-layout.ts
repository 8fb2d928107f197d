/**
 * resolveLayout: a Jinja template whose white space around tags is as Jinja leaves it with `trim_blocks` and
 * `lstrip_blocks`, which is how transformers sets it up.
 *
 * The library's own options are regular expressions over the source: they also change texts in quotes and text that
 * looks like the end of a tag, and know neither `{%+` nor other line ends. Source: Jinja 3.1, `lexer.py`.
 */

/** What ends a tag that begins so. */
const CLOSING: Readonly<Record<string, string>> = { "{{": "}}", "{%": "%}", "{#": "#}" };
const OPENING = /\{[{%#]/g;

export function resolveLayout(source: string): string {
  const text = source.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  const parts: string[] = [];
  let from = 0;
  /** The text begins a line, or the file. */
  let beginsLine = true;
  for (;;) {
    OPENING.lastIndex = from;
    const opening = OPENING.exec(text)?.[0];
    const at = opening ? OPENING.lastIndex - 2 : text.length;
    const before = text.slice(from, at);
    if (!opening) {
      parts.push(before);
      break;
    }
    const end = endOfTag(text, at, opening);
    const mark = text[at + 2];
    parts.push(opening !== "{{" && mark !== "-" && mark !== "+" ? withoutIndent(before, beginsLine) : before);
    // A tag that never ends is the parser's to refuse.
    const tag = text.slice(at, end);
    const isBlock = opening !== "{{" && tag.endsWith(CLOSING[opening]!);
    const keepsLine = isBlock && tag.at(-3) === "+" && tag.length > 5;
    parts.push(withoutPlus(tag, mark === "+" && opening !== "{{", keepsLine));
    const trims = isBlock && !keepsLine && text[end] === "\n";
    from = end + (trims ? 1 : 0);
    beginsLine = trims;
  }
  const resolved = parts.join("");
  // The library takes a last line end away once more.
  return resolved.endsWith("\n") ? `${resolved}\n` : resolved;
}

/** Nothing but white space between the beginning of the line and a tag is left out. */
function withoutIndent(text: string, beginsLine: boolean): string {
  const line = text.lastIndexOf("\n") + 1;
  return (line > 0 || beginsLine) && text.slice(line).trim() === "" ? text.slice(0, line) : text;
}

/** `+` is no sign that the library knows. */
function withoutPlus(tag: string, opens: boolean, closes: boolean): string {
  const begun = opens ? tag.slice(0, 2) + tag.slice(3) : tag;
  return closes ? begun.slice(0, -3) + begun.slice(-2) : begun;
}

/** Where the tag at `at` ends: not in a text in quotes, and not at a brace that closes one of its own. */
function endOfTag(text: string, at: number, opening: string): number {
  const closing = CLOSING[opening]!;
  if (opening === "{#") {
    const end = text.indexOf(closing, at + 2);
    return end < 0 ? text.length : end + 2;
  }
  let depth = 0;
  for (let i = at + 2; i < text.length; i++) {
    const character = text[i]!;
    if (character === '"' || character === "'") {
      for (i++; i < text.length && text[i] !== character; i++) if (text[i] === "\\") i++;
    } else if (depth === 0 && text.startsWith(closing, i)) {
      return i + 2;
    } else if (character === "{") depth++;
    else if (character === "}") depth--;
  }
  return text.length;
}
