import { rounderBits } from "../constants";
import { apart, dot, highScales, joined, low, lowScales, mac, scaled, store } from "./dots";

/**
 * One token of `matQ4` at two places of the matrix, in lanes of 32 bits: what a conversation alone waits for. As tile1
 * with block1 (tiles.ts), but the sums over blocks stay in registers; the fewer instructions a block takes, the further
 * ahead a processor loads. A function gives one vector back, and a place has two sums, so both places are written out.
 */
export function pair1<Lane>(y: usize, x: usize, scales: usize, head: usize, blocks: usize, step: usize, yStep: usize): void {
  const mask = i8x16.splat(15), top = i8x16.splat(-16), zero = rounderBits(), none = i32x4.splat(0);
  let f0 = f32x4.splat(0), g0 = f32x4.splat(0), f1 = f32x4.splat(0), g1 = f32x4.splat(0);
  for (let b = blocks, w = head + 64, n = x + scales; b > 0; b--, w += 144, x += 32, n += 4) {
    {
      let u = v128.load(w, 16), v = v128.load(w, 32);
      let c = v128.load32_splat(x, 0); let a0 = dot<Lane>(c, low(u, mask), zero), b0 = dot<Lane>(c, low(v, mask), zero);
      c = v128.load32_splat(x, 16); let a1 = dot<Lane>(c, apart<Lane>(u, mask, top), none), b1 = dot<Lane>(c, apart<Lane>(v, mask, top), none);
      u = v128.load(w, 48); v = v128.load(w, 64);
      c = v128.load32_splat(x, 4); a0 = mac<Lane>(a0, c, low(u, mask)); b0 = mac<Lane>(b0, c, low(v, mask));
      c = v128.load32_splat(x, 20); a1 = mac<Lane>(a1, c, apart<Lane>(u, mask, top)); b1 = mac<Lane>(b1, c, apart<Lane>(v, mask, top));
      u = v128.load(w, 80); v = v128.load(w, 96);
      c = v128.load32_splat(x, 8); a0 = mac<Lane>(a0, c, low(u, mask)); b0 = mac<Lane>(b0, c, low(v, mask));
      c = v128.load32_splat(x, 24); a1 = mac<Lane>(a1, c, apart<Lane>(u, mask, top)); b1 = mac<Lane>(b1, c, apart<Lane>(v, mask, top));
      u = v128.load(w, 112); v = v128.load(w, 128);
      c = v128.load32_splat(x, 12); a0 = mac<Lane>(a0, c, low(u, mask)); b0 = mac<Lane>(b0, c, low(v, mask));
      c = v128.load32_splat(x, 28); a1 = mac<Lane>(a1, c, apart<Lane>(u, mask, top)); b1 = mac<Lane>(b1, c, apart<Lane>(v, mask, top));
      const s = v128.load8x8_u(w);
      c = v128.load32_splat(n);
      f0 = scaled<Lane>(f0, joined<Lane>(a0, a1), lowScales<Lane>(s), c, zero);
      g0 = scaled<Lane>(g0, joined<Lane>(b0, b1), highScales<Lane>(s), c, zero);
    }
    const other = w + step;
    {
      let u = v128.load(other, 16), v = v128.load(other, 32);
      let c = v128.load32_splat(x, 0); let a0 = dot<Lane>(c, low(u, mask), zero), b0 = dot<Lane>(c, low(v, mask), zero);
      c = v128.load32_splat(x, 16); let a1 = dot<Lane>(c, apart<Lane>(u, mask, top), none), b1 = dot<Lane>(c, apart<Lane>(v, mask, top), none);
      u = v128.load(other, 48); v = v128.load(other, 64);
      c = v128.load32_splat(x, 4); a0 = mac<Lane>(a0, c, low(u, mask)); b0 = mac<Lane>(b0, c, low(v, mask));
      c = v128.load32_splat(x, 20); a1 = mac<Lane>(a1, c, apart<Lane>(u, mask, top)); b1 = mac<Lane>(b1, c, apart<Lane>(v, mask, top));
      u = v128.load(other, 80); v = v128.load(other, 96);
      c = v128.load32_splat(x, 8); a0 = mac<Lane>(a0, c, low(u, mask)); b0 = mac<Lane>(b0, c, low(v, mask));
      c = v128.load32_splat(x, 24); a1 = mac<Lane>(a1, c, apart<Lane>(u, mask, top)); b1 = mac<Lane>(b1, c, apart<Lane>(v, mask, top));
      u = v128.load(other, 112); v = v128.load(other, 128);
      c = v128.load32_splat(x, 12); a0 = mac<Lane>(a0, c, low(u, mask)); b0 = mac<Lane>(b0, c, low(v, mask));
      c = v128.load32_splat(x, 28); a1 = mac<Lane>(a1, c, apart<Lane>(u, mask, top)); b1 = mac<Lane>(b1, c, apart<Lane>(v, mask, top));
      const s = v128.load8x8_u(other);
      c = v128.load32_splat(n);
      f1 = scaled<Lane>(f1, joined<Lane>(a0, a1), lowScales<Lane>(s), c, zero);
      g1 = scaled<Lane>(g1, joined<Lane>(b0, b1), highScales<Lane>(s), c, zero);
    }
  }
  store(y, head, f0, g0);
  store(y + yStep, head + step, f1, g1);
}
