/** Random choices that a number decides: splitmix32. */
export function draws(seed: number) {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  const below = (n: number): number => next() % n;
  return { below, pick: <T>(from: readonly T[]): T => from[below(from.length)]! };
}
