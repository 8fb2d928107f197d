/**
 * Markdown: a model's text as elements.
 *
 * The parser gives a tree, and only the kinds below become elements; everything else, raw HTML and pictures among it, is shown as the text
 * that it was. A link goes to http or https and nowhere else.
 */
import type { Nodes, Parents, Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmAutolinkLiteralFromMarkdown } from "mdast-util-gfm-autolink-literal";
import { gfmStrikethroughFromMarkdown } from "mdast-util-gfm-strikethrough";
import { gfmTableFromMarkdown } from "mdast-util-gfm-table";
import { mathFromMarkdown } from "mdast-util-math";
import { gfmAutolinkLiteral } from "micromark-extension-gfm-autolink-literal";
import { gfmStrikethrough } from "micromark-extension-gfm-strikethrough";
import { gfmTable } from "micromark-extension-gfm-table";
import { math } from "micromark-extension-math";
import type { ComponentChildren, VNode } from "preact";
import { useMemo } from "preact/hooks";
import { CodeBlock } from "./code-block.tsx";
import { Maths } from "./maths.tsx";
import { Scroll } from "./scroll.tsx";

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

export function Markdown({ text }: { text: string }): VNode {
  const source = useMemo(() => withDollars(text), [text]);
  const tree = useMemo(() => fromMarkdown(source, options), [source]);
  return <div class="prose">{blocks(tree, source)}</div>;
}

/** Models write maths as `\\(…\\)` and `\\[…\\]` too, which Markdown takes for brackets. Of the same length, and never in code. */
const withDollars = (text: string): string =>
  text
    .split(/(```[\s\S]*?(?:```|$)|`[^`\n]*`)/)
    .map((part, i) =>
      i % 2 === 1
        ? part
        : part.replaceAll(/\\\[([\s\S]+?)\\\]|\\\((.+?)\\\)/g, (_, block, inline) => `$$$$${block ?? inline}$$$$`),
    )
    .join("");

const rendered = (node: Parents, source: string): ComponentChildren =>
  node.children.map((child) => element(child as Nodes, source));

/** A block that is shown as it was written is a paragraph too. */
const blocks = (root: Root, source: string): ComponentChildren =>
  root.children.map((child) => {
    const shown = element(child as Nodes, source);
    return typeof shown === "string" ? <p class="written">{shown}</p> : shown;
  });

/** What stood in the text between a node's ends. */
const asWritten = ({ position }: Nodes, source: string): string =>
  position ? source.slice(position.start.offset, position.end.offset) : "";

function element(node: Nodes, source: string): ComponentChildren {
  switch (node.type) {
    case "text":
      return node.value;
    case "paragraph":
      return <p>{rendered(node, source)}</p>;
    case "emphasis":
      return <em>{rendered(node, source)}</em>;
    case "strong":
      return <strong>{rendered(node, source)}</strong>;
    case "delete":
      return <del>{rendered(node, source)}</del>;
    case "inlineCode":
      return <code>{node.value}</code>;
    case "code":
      return <CodeBlock text={node.value} language={node.lang ?? ""} />;
    case "break":
      return <br />;
    case "thematicBreak":
      return <hr />;
    case "blockquote":
      return <blockquote>{rendered(node, source)}</blockquote>;
    case "heading":
      return heading(node.depth, rendered(node, source));
    case "list":
      return node.ordered ? (
        <ol start={node.start ?? 1}>{rendered(node, source)}</ol>
      ) : (
        <ul>{rendered(node, source)}</ul>
      );
    case "listItem":
      return <li>{node.children.map((child) => itemPart(child as Nodes, node.spread === true, source))}</li>;
    case "link":
      return link(node.url, rendered(node, source));
    case "math":
      return <Maths tex={node.value} display={true} />;
    case "inlineMath":
      return <Maths tex={node.value} display={false} />;
    case "table":
      return table(node, source);
    case "html":
      return node.value;
    default:
      return asWritten(node, source);
  }
}

/** A page has its own headings; those of an answer come below them. */
function heading(depth: number, children: ComponentChildren): VNode {
  if (depth === 1) return <h3>{children}</h3>;
  return depth === 2 ? <h4>{children}</h4> : <h5>{children}</h5>;
}

/** A tight list has no paragraphs. */
const itemPart = (node: Nodes, spread: boolean, source: string): ComponentChildren =>
  node.type === "paragraph" && !spread ? rendered(node, source) : element(node, source);

function link(url: string, children: ComponentChildren): VNode {
  const safe = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  if (!safe) return <span>{children}</span>;
  return (
    <a href={url} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

function table({ children: rows, align }: Extract<Nodes, { type: "table" }>, source: string): VNode {
  const [head, ...body] = rows;
  const side = (column: number) => align?.[column] ?? undefined;
  return (
    <Scroll kind="table" label="Table">
      <table>
        <thead>
          <tr>
            {head?.children.map((cell, i) => (
              <th scope="col" class={side(i)}>
                {rendered(cell, source)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row) => (
            <tr>
              {row.children.map((cell, i) => (
                <td class={side(i)}>{rendered(cell, source)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
