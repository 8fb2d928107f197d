/**
 * The text of an HTML document, as Markdown; loaded when one is attached. Nothing of the
 * document runs, loads or is shown.
 */
import Turndown from "turndown";

/** Elements whose content is not text for a reader. */
const dropped = new Set(
  "script style noscript template svg iframe object embed nav form head title textarea".split(" "),
);

export function htmlText(html: string): string {
  const inert = new DOMParser().parseFromString(bare(html), "text/html");
  const turndown = new Turndown({ headingStyle: "atx", codeBlockStyle: "fenced", bulletListMarker: "-" });
  turndown.addRule("cells", { filter: ["td", "th"], replacement: (content) => `${content.trim()} | ` });
  turndown.addRule("rows", { filter: "tr", replacement: (content) => `| ${content.trim()}\n` });
  return turndown
    .turndown(inert.body)
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
}

/**
 * The document without attributes and without what is not text. A parsed document is inert, but a browser holds
 * its styles and handlers against the page's policy all the same. One pass: the time is proportional to the
 * length, whatever the document is.
 */
export function bare(html: string): string {
  const lower = html.toLowerCase();
  let out = "";
  let at = 0;
  /** Quotes that are not closed any more are letters. */
  const closed = { '"': true, "'": true };
  while (at < html.length) {
    const open = html.indexOf("<", at);
    if (open < 0) return out + html.slice(at);
    out += html.slice(at, open);
    const [, slash, name] = /^<(\/?)([a-z][a-z0-9-]*)/.exec(lower.slice(open, open + 40)) ?? [];
    if (name === undefined) {
      const isComment = lower.startsWith("<!--", open);
      const end = isComment ? html.indexOf("-->", open) : lower[open + 1] === "!" ? html.indexOf(">", open) : open;
      if (end === open) out += "&lt;";
      at = end < 0 ? html.length : end + (isComment ? 3 : 1);
      continue;
    }
    at = open + 1 + slash!.length + name.length;
    while (at < html.length && html[at] !== ">") {
      const letter = html[at] as '"' | "'";
      const quoted = (letter === '"' || letter === "'") && closed[letter] ? html.indexOf(letter, at + 1) : at;
      if (quoted < 0) closed[letter] = false;
      at = Math.max(quoted, at) + 1;
    }
    at++;
    if (!dropped.has(name)) out += `<${slash}${name}>`;
    else if (slash === "") {
      const end = lower.indexOf(`</${name}`, at);
      at = end < 0 ? html.length : end;
    }
  }
  return out;
}
