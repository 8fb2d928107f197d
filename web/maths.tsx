/**
 * Maths: a formula as MathML elements; its source until the library is there, or when it is no TeX.
 *
 * The library's text is parsed to a tree that never enters the page; elements of the fixed set below are made anew.
 */
import { type ComponentChildren, createElement, type VNode } from "preact";
import { useMemo } from "preact/hooks";
import { lazily } from "./lazily.ts";

const library = lazily(() => import("./lazy/maths.ts"));
/** Longer than any formula that somebody reads. */
const TEX_MAX = 4000;

const elements = new Set(
  "math mrow mi mn mo ms mspace mtext mfrac msqrt mroot mstyle mpadded mphantom menclose msub msup msubsup munder mover munderover mmultiscripts mprescripts none mtable mtr mtd semantics".split(
    " ",
  ),
);
const attributes =
  /^(display|mathvariant|stretchy|symmetric|fence|separator|form|lspace|rspace|minsize|maxsize|largeop|movablelimits|accent|accentunder|displaystyle|scriptlevel|linethickness|width|height|depth|voffset|notation|columnalign|columnspan|rowspan|rowspacing|columnspacing)$/;

export function Maths({ tex, display }: { tex: string; display: boolean }): VNode {
  const loaded = library();
  const formula = useMemo(
    () => loaded && tex.length <= TEX_MAX && formulaOf(loaded.mathML(tex, display) ?? ""),
    [loaded, tex, display],
  );
  if (!formula) return <code>{tex}</code>;
  return display ? <span class="formula">{formula}</span> : <span>{formula}</span>;
}

function formulaOf(source: string): ComponentChildren {
  const inert = new DOMParser().parseFromString(source.replaceAll(/\sstyle="/g, ' data-style="'), "text/html");
  const math = inert.querySelector("math");
  return math ? elementOf(math) : undefined;
}

function elementOf(node: Node): ComponentChildren {
  if (node.nodeType === 3) return node.textContent;
  const element = node as Element;
  const name = element.localName;
  // What is not maths is left out, but not what it holds.
  const children = [...element.childNodes].map(elementOf);
  if (!elements.has(name)) return name === "annotation" ? null : children;
  const kept = [...element.attributes].filter((attribute) => attributes.test(attribute.name));
  return createElement(name, Object.fromEntries(kept.map((attribute) => [attribute.name, attribute.value])), children);
}
