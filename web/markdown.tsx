/**
 * Markdown: a model's text as elements.
 *
 * The parser gives a tree, and only the kinds below become elements; everything else, raw HTML and pictures among it,
 * is shown as the text that it was. A link goes to http or https and nowhere else.
 */
import type { Nodes, Parents, Root } from "mdast";
import type { ComponentChildren, VNode } from "preact";
import { useMemo } from "preact/hooks";
import { CodeBlock } from "./code-block.tsx";
import { afterColouring, DEPTH_MAX } from "./markdown-budget.ts";
import { parsed } from "./markdown-tree.ts";
import { Maths } from "./maths.tsx";
import { Scroll } from "./scroll.tsx";

export function Markdown({ text }: { text: string }): VNode {
  const { source, tree } = useMemo(() => parsed(text), [text]);
  const rest = text.slice(source.length);
  return (
    <div class="prose">
      {tree && blocks(tree, { source, depth: 0, colours: { left: undefined } })}
      {rest !== "" && <p class="written">{rest}</p>}
    </div>
  );
}

/**
 * What elements are made from, how deep they lie, and what is left for the colours of the blocks of code that follow.
 */
interface Place {
  source: string;
  depth: number;
  colours: { left: number | undefined };
}

const rendered = (node: Parents, place: Place): ComponentChildren => {
  const within = { ...place, depth: place.depth + 1 };
  return node.children.map((child) => element(child as Nodes, within));
};

/** A block that is shown as it was written is a paragraph too. */
const blocks = (root: Root, place: Place): ComponentChildren =>
  root.children.map((child) => {
    const shown = element(child as Nodes, place);
    return typeof shown === "string" ? <p class="written">{shown}</p> : shown;
  });

function code({ value, lang }: Extract<Nodes, { type: "code" }>, { colours }: Place): VNode {
  const left = lang ? afterColouring(value, colours.left) : -1;
  if (left >= 0) colours.left = left;
  return <CodeBlock text={value} language={lang ?? ""} coloured={left >= 0} />;
}

/** What stood in the text between a node's ends. */
const asWritten = ({ position }: Nodes, source: string): string =>
  position ? source.slice(position.start.offset, position.end.offset) : "";

function element(node: Nodes, place: Place): ComponentChildren {
  const { source } = place;
  if (place.depth > DEPTH_MAX) return asWritten(node, source);
  switch (node.type) {
    case "text":
      return node.value;
    case "paragraph":
      return <p>{rendered(node, place)}</p>;
    case "emphasis":
      return <em>{rendered(node, place)}</em>;
    case "strong":
      return <strong>{rendered(node, place)}</strong>;
    case "delete":
      return <del>{rendered(node, place)}</del>;
    case "inlineCode":
      return <code>{node.value}</code>;
    case "code":
      return code(node, place);
    case "break":
      return <br />;
    case "thematicBreak":
      return <hr />;
    case "blockquote":
      return <blockquote>{rendered(node, place)}</blockquote>;
    case "heading":
      return heading(node.depth, rendered(node, place));
    case "list":
      return node.ordered ? <ol start={node.start ?? 1}>{rendered(node, place)}</ol> : <ul>{rendered(node, place)}</ul>;
    case "listItem":
      return <li>{node.children.map((child) => itemPart(child as Nodes, node.spread === true, place))}</li>;
    case "link":
      return link(node.url, rendered(node, place));
    case "math":
      return <Maths tex={node.value} display={true} />;
    case "inlineMath":
      return <Maths tex={node.value} display={false} />;
    case "table":
      return table(node, place);
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
const itemPart = (node: Nodes, spread: boolean, place: Place): ComponentChildren =>
  node.type === "paragraph" && !spread ? rendered(node, place) : element(node, { ...place, depth: place.depth + 1 });

function link(url: string, children: ComponentChildren): VNode {
  const safe = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  if (!safe) return <span>{children}</span>;
  return (
    <a href={url} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

function table({ children: rows, align }: Extract<Nodes, { type: "table" }>, place: Place): VNode {
  const [head, ...body] = rows;
  const side = (column: number) => align?.[column] ?? undefined;
  return (
    <Scroll kind="table" label="Table">
      <table>
        <thead>
          <tr>
            {head?.children.map((cell, i) => (
              <th scope="col" class={side(i)}>
                {rendered(cell, place)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row) => (
            <tr>
              {row.children.map((cell, i) => (
                <td class={side(i)}>{rendered(cell, place)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
