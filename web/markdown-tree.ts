/** markdownTree: a text as the tree of its Markdown, as far as the budget of work allows. */
import type { Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmAutolinkLiteralFromMarkdown } from "mdast-util-gfm-autolink-literal";
import { gfmStrikethroughFromMarkdown } from "mdast-util-gfm-strikethrough";
import { gfmTableFromMarkdown } from "mdast-util-gfm-table";
import { mathFromMarkdown } from "mdast-util-math";
import { gfmAutolinkLiteral } from "micromark-extension-gfm-autolink-literal";
import { gfmStrikethrough } from "micromark-extension-gfm-strikethrough";
import { gfmTable } from "micromark-extension-gfm-table";
import { math } from "micromark-extension-math";
import { readableEnd } from "./markdown-budget.ts";
import { withDollars } from "./tex-brackets.ts";

const options = {
  // One dollar is money more often than maths.
  extensions: [gfmAutolinkLiteral(), gfmStrikethrough(), gfmTable(), math({ singleDollarTextMath: false })],
  mdastExtensions: [
    gfmAutolinkLiteralFromMarkdown(),
    gfmStrikethroughFromMarkdown(),
    gfmTableFromMarkdown(),
    mathFromMarkdown(),
  ],
};

/** As much of the text as the budget allows, and its tree. */
export function parsed(text: string): { source: string; tree: Root | undefined } {
  const source = withDollars(text.slice(0, readableEnd(text)));
  return { source, tree: source === "" ? undefined : fromMarkdown(source, options) };
}
