/** CodeBlock: code with its language, its colours once they are there, and a button that copies it. */
import type { ElementContent, RootContent } from "hast";
import type { ComponentChildren, VNode } from "preact";
import { useMemo } from "preact/hooks";
import { CopyButton } from "./copy-button.tsx";
import { lazily } from "./lazily.ts";
import { Scroll } from "./scroll.tsx";

const library = lazily(() => import("./lazy/highlight.ts"));
/** More than this is not worth the time while it is being written. */
const COLOURED_MAX = 20_000;

export function CodeBlock({ text, language }: { text: string; language: string }): VNode {
  const loaded = language === "" ? undefined : library();
  const tree = useMemo(
    () => (text.length > COLOURED_MAX ? undefined : loaded?.highlighted(text, language.toLowerCase())),
    [loaded, text, language],
  );
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
