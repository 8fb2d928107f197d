/**
 * numbers: arrays of whole numbers that are no wider than what is kept in them; tables of a
 * vocabulary are as long as it is.
 */
export type Numbers = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** `length` zeros, for numbers below `limit`. */
export const numbersBelow = (limit: number, length: number): Numbers =>
  limit <= 2 ** 16 ? new Uint16Array(length) : new Uint32Array(length);
