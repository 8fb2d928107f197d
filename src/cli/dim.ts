/** dim: what is not the answer, on a terminal. */
export const dim = (text: string): string => (process.stderr.isTTY ? `\x1b[2m${text}\x1b[22m` : text);
