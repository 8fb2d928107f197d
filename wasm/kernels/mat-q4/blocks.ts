import { addBlock, both, dot, high, highScales, low, lowScales, mac } from "./dots";

/**
 * One block of `matQ4`: 32 inputs of eight rows, for one, two or four tokens. `w`: the block; `x`: a
 * token's 32 bytes; `n`: their scale.
 *
 * Written out because asc unrolls no loops.
 */

/** One token. Two chains per sum, since one alone would wait for itself. */
// @ts-ignore: decorator
@inline export function block1<Lane>(totals: usize, w: usize, x0: usize, n0: usize, mask: v128, zero: v128, none: v128): void {
  let u = v128.load(w, 16), v = v128.load(w, 32);
  let ul = low(u, mask), uh = high(u, mask), vl = low(v, mask), vh = high(v, mask);
  let c = v128.load32_splat(x0, 0); let a0 = dot<Lane>(c, ul, zero), b0 = dot<Lane>(c, vl, zero);
  c = v128.load32_splat(x0, 16); let a1 = dot<Lane>(c, uh, none), b1 = dot<Lane>(c, vh, none);
  u = v128.load(w, 48); v = v128.load(w, 64);
  ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
  c = v128.load32_splat(x0, 4); a0 = mac<Lane>(a0, c, ul); b0 = mac<Lane>(b0, c, vl);
  c = v128.load32_splat(x0, 20); a1 = mac<Lane>(a1, c, uh); b1 = mac<Lane>(b1, c, vh);
  u = v128.load(w, 80); v = v128.load(w, 96);
  ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
  c = v128.load32_splat(x0, 8); a0 = mac<Lane>(a0, c, ul); b0 = mac<Lane>(b0, c, vl);
  c = v128.load32_splat(x0, 24); a1 = mac<Lane>(a1, c, uh); b1 = mac<Lane>(b1, c, vh);
  u = v128.load(w, 112); v = v128.load(w, 128);
  ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
  c = v128.load32_splat(x0, 12); a0 = mac<Lane>(a0, c, ul); b0 = mac<Lane>(b0, c, vl);
  c = v128.load32_splat(x0, 28); a1 = mac<Lane>(a1, c, uh); b1 = mac<Lane>(b1, c, vh);
  const s = v128.load8x8_u(w);
  const sa = lowScales<Lane>(s), sb = highScales<Lane>(s);
  a0 = both<Lane>(a0, a1); b0 = both<Lane>(b0, b1);
  addBlock<Lane>(totals, a0, b0, sa, sb, v128.load32_splat(n0), zero);
}

/** Two tokens. */
// @ts-ignore: decorator
@inline export function block2<Lane>(totals: usize, w: usize, x0: usize, x1: usize, n0: usize, n1: usize, mask: v128, zero: v128): void {
  let u = v128.load(w, 16), v = v128.load(w, 32);
  let ul = low(u, mask), uh = high(u, mask), vl = low(v, mask), vh = high(v, mask);
  let c = v128.load32_splat(x0, 0); let a0 = dot<Lane>(c, ul, zero), b0 = dot<Lane>(c, vl, zero);
  c = v128.load32_splat(x1, 0); let a1 = dot<Lane>(c, ul, zero), b1 = dot<Lane>(c, vl, zero);
  c = v128.load32_splat(x0, 16); a0 = mac<Lane>(a0, c, uh); b0 = mac<Lane>(b0, c, vh);
  c = v128.load32_splat(x1, 16); a1 = mac<Lane>(a1, c, uh); b1 = mac<Lane>(b1, c, vh);
  u = v128.load(w, 48); v = v128.load(w, 64);
  ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
  c = v128.load32_splat(x0, 4); a0 = mac<Lane>(a0, c, ul); b0 = mac<Lane>(b0, c, vl);
  c = v128.load32_splat(x1, 4); a1 = mac<Lane>(a1, c, ul); b1 = mac<Lane>(b1, c, vl);
  c = v128.load32_splat(x0, 20); a0 = mac<Lane>(a0, c, uh); b0 = mac<Lane>(b0, c, vh);
  c = v128.load32_splat(x1, 20); a1 = mac<Lane>(a1, c, uh); b1 = mac<Lane>(b1, c, vh);
  u = v128.load(w, 80); v = v128.load(w, 96);
  ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
  c = v128.load32_splat(x0, 8); a0 = mac<Lane>(a0, c, ul); b0 = mac<Lane>(b0, c, vl);
  c = v128.load32_splat(x1, 8); a1 = mac<Lane>(a1, c, ul); b1 = mac<Lane>(b1, c, vl);
  c = v128.load32_splat(x0, 24); a0 = mac<Lane>(a0, c, uh); b0 = mac<Lane>(b0, c, vh);
  c = v128.load32_splat(x1, 24); a1 = mac<Lane>(a1, c, uh); b1 = mac<Lane>(b1, c, vh);
  u = v128.load(w, 112); v = v128.load(w, 128);
  ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
  c = v128.load32_splat(x0, 12); a0 = mac<Lane>(a0, c, ul); b0 = mac<Lane>(b0, c, vl);
  c = v128.load32_splat(x1, 12); a1 = mac<Lane>(a1, c, ul); b1 = mac<Lane>(b1, c, vl);
  c = v128.load32_splat(x0, 28); a0 = mac<Lane>(a0, c, uh); b0 = mac<Lane>(b0, c, vh);
  c = v128.load32_splat(x1, 28); a1 = mac<Lane>(a1, c, uh); b1 = mac<Lane>(b1, c, vh);
  const s = v128.load8x8_u(w);
  const sa = lowScales<Lane>(s), sb = highScales<Lane>(s);
  addBlock<Lane>(totals, a0, b0, sa, sb, v128.load32_splat(n0), zero);
  addBlock<Lane>(totals + 32, a1, b1, sa, sb, v128.load32_splat(n1), zero);
}

/** Four tokens; per step 4 nibble operations serve 16 dot products. */
// @ts-ignore: decorator
@inline export function block4(
  totals: usize, w: usize, x0: usize, x1: usize, x2: usize, x3: usize,
  n0: usize, n1: usize, n2: usize, n3: usize, mask: v128, zero: v128,
): void {
  let u = v128.load(w, 16), v = v128.load(w, 32);
  let ul = low(u, mask), uh = high(u, mask), vl = low(v, mask), vh = high(v, mask);
  let c = v128.load32_splat(x0, 0); let a0 = dot<i32>(c, ul, zero), b0 = dot<i32>(c, vl, zero);
  c = v128.load32_splat(x0, 16); a0 = mac<i32>(a0, c, uh); b0 = mac<i32>(b0, c, vh);
  c = v128.load32_splat(x1, 0); let a1 = dot<i32>(c, ul, zero), b1 = dot<i32>(c, vl, zero);
  c = v128.load32_splat(x1, 16); a1 = mac<i32>(a1, c, uh); b1 = mac<i32>(b1, c, vh);
  c = v128.load32_splat(x2, 0); let a2 = dot<i32>(c, ul, zero), b2 = dot<i32>(c, vl, zero);
  c = v128.load32_splat(x2, 16); a2 = mac<i32>(a2, c, uh); b2 = mac<i32>(b2, c, vh);
  c = v128.load32_splat(x3, 0); let a3 = dot<i32>(c, ul, zero), b3 = dot<i32>(c, vl, zero);
  c = v128.load32_splat(x3, 16); a3 = mac<i32>(a3, c, uh); b3 = mac<i32>(b3, c, vh);
  u = v128.load(w, 48); v = v128.load(w, 64);
  ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
  c = v128.load32_splat(x0, 4); a0 = mac<i32>(a0, c, ul); b0 = mac<i32>(b0, c, vl);
  c = v128.load32_splat(x0, 20); a0 = mac<i32>(a0, c, uh); b0 = mac<i32>(b0, c, vh);
  c = v128.load32_splat(x1, 4); a1 = mac<i32>(a1, c, ul); b1 = mac<i32>(b1, c, vl);
  c = v128.load32_splat(x1, 20); a1 = mac<i32>(a1, c, uh); b1 = mac<i32>(b1, c, vh);
  c = v128.load32_splat(x2, 4); a2 = mac<i32>(a2, c, ul); b2 = mac<i32>(b2, c, vl);
  c = v128.load32_splat(x2, 20); a2 = mac<i32>(a2, c, uh); b2 = mac<i32>(b2, c, vh);
  c = v128.load32_splat(x3, 4); a3 = mac<i32>(a3, c, ul); b3 = mac<i32>(b3, c, vl);
  c = v128.load32_splat(x3, 20); a3 = mac<i32>(a3, c, uh); b3 = mac<i32>(b3, c, vh);
  u = v128.load(w, 80); v = v128.load(w, 96);
  ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
  c = v128.load32_splat(x0, 8); a0 = mac<i32>(a0, c, ul); b0 = mac<i32>(b0, c, vl);
  c = v128.load32_splat(x0, 24); a0 = mac<i32>(a0, c, uh); b0 = mac<i32>(b0, c, vh);
  c = v128.load32_splat(x1, 8); a1 = mac<i32>(a1, c, ul); b1 = mac<i32>(b1, c, vl);
  c = v128.load32_splat(x1, 24); a1 = mac<i32>(a1, c, uh); b1 = mac<i32>(b1, c, vh);
  c = v128.load32_splat(x2, 8); a2 = mac<i32>(a2, c, ul); b2 = mac<i32>(b2, c, vl);
  c = v128.load32_splat(x2, 24); a2 = mac<i32>(a2, c, uh); b2 = mac<i32>(b2, c, vh);
  c = v128.load32_splat(x3, 8); a3 = mac<i32>(a3, c, ul); b3 = mac<i32>(b3, c, vl);
  c = v128.load32_splat(x3, 24); a3 = mac<i32>(a3, c, uh); b3 = mac<i32>(b3, c, vh);
  u = v128.load(w, 112); v = v128.load(w, 128);
  ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
  c = v128.load32_splat(x0, 12); a0 = mac<i32>(a0, c, ul); b0 = mac<i32>(b0, c, vl);
  c = v128.load32_splat(x0, 28); a0 = mac<i32>(a0, c, uh); b0 = mac<i32>(b0, c, vh);
  c = v128.load32_splat(x1, 12); a1 = mac<i32>(a1, c, ul); b1 = mac<i32>(b1, c, vl);
  c = v128.load32_splat(x1, 28); a1 = mac<i32>(a1, c, uh); b1 = mac<i32>(b1, c, vh);
  c = v128.load32_splat(x2, 12); a2 = mac<i32>(a2, c, ul); b2 = mac<i32>(b2, c, vl);
  c = v128.load32_splat(x2, 28); a2 = mac<i32>(a2, c, uh); b2 = mac<i32>(b2, c, vh);
  c = v128.load32_splat(x3, 12); a3 = mac<i32>(a3, c, ul); b3 = mac<i32>(b3, c, vl);
  c = v128.load32_splat(x3, 28); a3 = mac<i32>(a3, c, uh); b3 = mac<i32>(b3, c, vh);
  const s = v128.load8x8_u(w);
  const sa = lowScales<i32>(s), sb = highScales<i32>(s);
  addBlock<i32>(totals, a0, b0, sa, sb, v128.load32_splat(n0), zero);
  addBlock<i32>(totals + 32, a1, b1, sa, sb, v128.load32_splat(n1), zero);
  addBlock<i32>(totals + 64, a2, b2, sa, sb, v128.load32_splat(n2), zero);
  addBlock<i32>(totals + 96, a3, b3, sa, sb, v128.load32_splat(n3), zero);
}

