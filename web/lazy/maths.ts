/**
 * TeX as the source of MathML elements; loaded when an answer holds maths. Macros that
 * reach out of the formula are off.
 */
import temml from "temml";

/** Undefined for a formula in which braces lie within each other deeper than the library's recursion goes. */
export function mathML(tex: string, display: boolean): string | undefined {
  try {
    return temml.renderToString(tex, { displayMode: display, throwOnError: false, trust: false, maxExpand: 200 });
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}
