/** Scroll: a box that scrolls sideways by keyboard too. */
import type { ComponentChildren, VNode } from "preact";

interface Properties {
  kind: "code" | "table";
  label: string;
  children: ComponentChildren;
}

export const Scroll = ({ kind, label, children }: Properties): VNode => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what cannot be focused cannot be scrolled with keys
  <section class={`scroll ${kind}`} aria-label={label} tabIndex={0}>
    {children}
  </section>
);
