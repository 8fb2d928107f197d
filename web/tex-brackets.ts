/** Models write maths as `\\(…\\)` and `\\[…\\]` too, which Markdown takes for brackets. */

/**
 * With dollars in their place, so that the text keeps its length. Code stays as it is. One pass, whatever has no end.
 */
export const withDollars = (text: string): string =>
  text
    .split(/(```[\s\S]*?(?:```|$)|`[^`\n]*`)/)
    .map((part, i) => (i % 2 === 1 ? part : dollarsIn(part)))
    .join("");

function dollarsIn(text: string): string {
  let out = "";
  let from = 0;
  /** The next of each that was looked for; none is looked for again before it is passed. */
  const ends = { "\\]": -1, "\\)": -1, "\n": -1 };
  const next = (end: keyof typeof ends, after: number): number => {
    if (ends[end] < after) ends[end] = text.indexOf(end, after);
    if (ends[end] < 0) ends[end] = text.length;
    return ends[end];
  };
  for (let at = text.indexOf("\\"); at >= 0; ) {
    const opening = text[at + 1];
    // A formula has a character at least, and one within a line ends in it.
    const end = opening === "[" ? next("\\]", at + 3) : opening === "(" ? next("\\)", at + 3) : text.length;
    const isClosed = end < text.length && (opening === "[" || end < next("\n", at + 2));
    if (isClosed) {
      out += `${text.slice(from, at)}$$${text.slice(at + 2, end)}$$`;
      from = end + 2;
    }
    at = text.indexOf("\\", isClosed ? from : at + 1);
  }
  return out + text.slice(from);
}
