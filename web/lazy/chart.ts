/** The chart library, loaded with the first stream that is shown. */

export type { AlignedData, Options } from "uplot";
export { default as Plot } from "uplot";
