/** A seeded stream of integers below n (mulberry32), for fuzz tests that can be repeated. */
export function randomBelow(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

/** A copy with a few bytes overwritten, removed or repeated. */
export function mutated(bytes: Uint8Array, random: (n: number) => number): Uint8Array<ArrayBuffer> {
  let out = Uint8Array.from(bytes);
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(out.length);
    const length = 1 + random(8);
    const kind = random(4);
    if (kind === 0) out[at] = random(256);
    else if (kind === 1) out.fill([0, 255, 127, 128, 0x39][random(5)]!, at, at + length);
    else if (kind === 2) out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + length)]);
    else out = Uint8Array.from([...out.subarray(0, at + length), ...out.subarray(at)]);
  }
  return out;
}
