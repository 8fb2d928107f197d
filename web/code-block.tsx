/** CodeBlock: code with its language and a button that copies it. */
import type { VNode } from "preact";
import { CopyButton } from "./copy-button.tsx";
import { Scroll } from "./scroll.tsx";

export function CodeBlock({ text, language }: { text: string; language: string }): VNode {
  return (
    <figure class="code">
      <figcaption>
        <span>{language}</span>
        <CopyButton text={text} what="code" />
      </figcaption>
      <Scroll kind="code" label={`Code ${language}`.trim()}>
        <pre>
          <code>{text}</code>
        </pre>
      </Scroll>
    </figure>
  );
}
