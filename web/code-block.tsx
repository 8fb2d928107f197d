/** CodeBlock: code with its language, its colours once they are there, and a button that copies it. */
import type { ElementContent, RootContent } from "hast";
import type { ComponentChildren, VNode } from "preact";
import { useMemo } from "preact/hooks";
import { CopyButton } from "./copy-button.tsx";
import { lazily } from "./lazily.ts";
import { Scroll } from "./scroll.tsx";

const library = lazily(() => import("./lazy/highlight.ts"));

interface CodeBlockProperties {
  text: string;
  language: string;
  coloured: boolean;
}

export function CodeBlock({ text, language, coloured: isColoured }: CodeBlockProperties): VNode {
  const loaded = isColoured ? library() : undefined;
  const tree = useMemo(() => loaded?.highlighted(text, language.toLowerCase()), [loaded, text, language]);
  return (
    <figure class="code">
      <figcaption>
        <span>{language}</span>
        <CopyButton text={text} what="code" />
      </figcaption>
      <Scroll kind="code" label={`Code ${language}`.trim()}>
        <pre>
          <code>{tree ? tree.children.map(coloured) : text}</code>
        </pre>
      </Scroll>
    </figure>
  );
}

/** The library's tree has text and spans with class names. */
function coloured(node: RootContent | ElementContent): ComponentChildren {
  if (node.type === "text") return node.value;
  if (node.type !== "element") return null;
  const names = node.properties.className;
  return <span class={Array.isArray(names) ? names.join(" ") : ""}>{node.children.map(coloured)}</span>;
}
