/** TeX as the source of MathML elements; loaded when an answer holds maths. Macros that reach out of the formula are off. */
import temml from "temml";

export const mathML = (tex: string, display: boolean): string =>
  temml.renderToString(tex, { displayMode: display, throwOnError: false, trust: false, maxExpand: 200 });
