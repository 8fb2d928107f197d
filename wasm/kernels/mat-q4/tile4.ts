import { rounderBits } from "../constants";
import { dot, high, highScales, low, lowScales, mac, scaled, store } from "./dots";

/**
 * Eight rows of four tokens in lanes of 16 bits, at one place of the matrix and with the sums over blocks in registers:
 * for processors where a dot product in lanes of 32 bits is three instructions. There the arithmetic of four tokens
 * takes longer than any load, so neither several places nor the bytes of panels.ts pay.
 *
 * The last token lies `fourth` after the first; with 2 there are three, and the third one comes twice.
 */
export function tile4Narrow(
  y0: usize, yRow: usize, x0: usize, xRow: usize, fourth: usize, scales: usize, head: usize, blocks: usize,
): void {
  const y1 = y0 + yRow, y2 = y1 + yRow, y3 = y0 + fourth * yRow;
  let x1 = x0 + xRow, x2 = x1 + xRow, x3 = x0 + fourth * xRow;
  const mask = i8x16.splat(15), zero = rounderBits();
  let w = head + 64;
  let n0 = x0 + scales, n1 = x1 + scales, n2 = x2 + scales, n3 = x3 + scales;
  // Σ sx · s · dot of rows 0…3 (f) and 4…7 (g).
  let f0 = f32x4.splat(0), g0 = f32x4.splat(0);
  let f1 = f32x4.splat(0), g1 = f32x4.splat(0);
  let f2 = f32x4.splat(0), g2 = f32x4.splat(0);
  let f3 = f32x4.splat(0), g3 = f32x4.splat(0);
  for (let b = blocks; b > 0; b--, w += 144, x0 += 32, n0 += 4, x1 += 32, n1 += 4, x2 += 32, n2 += 4, x3 += 32, n3 += 4) {
    let u = v128.load(w, 16), v = v128.load(w, 32);
    let ul = low(u, mask), uh = high(u, mask), vl = low(v, mask), vh = high(v, mask);
    let c = v128.load32_splat(x0, 0); let a0 = dot<i16>(c, ul, zero), b0 = dot<i16>(c, vl, zero);
    c = v128.load32_splat(x0, 16); a0 = mac<i16>(a0, c, uh); b0 = mac<i16>(b0, c, vh);
    c = v128.load32_splat(x1, 0); let a1 = dot<i16>(c, ul, zero), b1 = dot<i16>(c, vl, zero);
    c = v128.load32_splat(x1, 16); a1 = mac<i16>(a1, c, uh); b1 = mac<i16>(b1, c, vh);
    c = v128.load32_splat(x2, 0); let a2 = dot<i16>(c, ul, zero), b2 = dot<i16>(c, vl, zero);
    c = v128.load32_splat(x2, 16); a2 = mac<i16>(a2, c, uh); b2 = mac<i16>(b2, c, vh);
    c = v128.load32_splat(x3, 0); let a3 = dot<i16>(c, ul, zero), b3 = dot<i16>(c, vl, zero);
    c = v128.load32_splat(x3, 16); a3 = mac<i16>(a3, c, uh); b3 = mac<i16>(b3, c, vh);
    u = v128.load(w, 48); v = v128.load(w, 64);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 4); a0 = mac<i16>(a0, c, ul); b0 = mac<i16>(b0, c, vl);
    c = v128.load32_splat(x0, 20); a0 = mac<i16>(a0, c, uh); b0 = mac<i16>(b0, c, vh);
    c = v128.load32_splat(x1, 4); a1 = mac<i16>(a1, c, ul); b1 = mac<i16>(b1, c, vl);
    c = v128.load32_splat(x1, 20); a1 = mac<i16>(a1, c, uh); b1 = mac<i16>(b1, c, vh);
    c = v128.load32_splat(x2, 4); a2 = mac<i16>(a2, c, ul); b2 = mac<i16>(b2, c, vl);
    c = v128.load32_splat(x2, 20); a2 = mac<i16>(a2, c, uh); b2 = mac<i16>(b2, c, vh);
    c = v128.load32_splat(x3, 4); a3 = mac<i16>(a3, c, ul); b3 = mac<i16>(b3, c, vl);
    c = v128.load32_splat(x3, 20); a3 = mac<i16>(a3, c, uh); b3 = mac<i16>(b3, c, vh);
    u = v128.load(w, 80); v = v128.load(w, 96);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 8); a0 = mac<i16>(a0, c, ul); b0 = mac<i16>(b0, c, vl);
    c = v128.load32_splat(x0, 24); a0 = mac<i16>(a0, c, uh); b0 = mac<i16>(b0, c, vh);
    c = v128.load32_splat(x1, 8); a1 = mac<i16>(a1, c, ul); b1 = mac<i16>(b1, c, vl);
    c = v128.load32_splat(x1, 24); a1 = mac<i16>(a1, c, uh); b1 = mac<i16>(b1, c, vh);
    c = v128.load32_splat(x2, 8); a2 = mac<i16>(a2, c, ul); b2 = mac<i16>(b2, c, vl);
    c = v128.load32_splat(x2, 24); a2 = mac<i16>(a2, c, uh); b2 = mac<i16>(b2, c, vh);
    c = v128.load32_splat(x3, 8); a3 = mac<i16>(a3, c, ul); b3 = mac<i16>(b3, c, vl);
    c = v128.load32_splat(x3, 24); a3 = mac<i16>(a3, c, uh); b3 = mac<i16>(b3, c, vh);
    u = v128.load(w, 112); v = v128.load(w, 128);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 12); a0 = mac<i16>(a0, c, ul); b0 = mac<i16>(b0, c, vl);
    c = v128.load32_splat(x0, 28); a0 = mac<i16>(a0, c, uh); b0 = mac<i16>(b0, c, vh);
    c = v128.load32_splat(x1, 12); a1 = mac<i16>(a1, c, ul); b1 = mac<i16>(b1, c, vl);
    c = v128.load32_splat(x1, 28); a1 = mac<i16>(a1, c, uh); b1 = mac<i16>(b1, c, vh);
    c = v128.load32_splat(x2, 12); a2 = mac<i16>(a2, c, ul); b2 = mac<i16>(b2, c, vl);
    c = v128.load32_splat(x2, 28); a2 = mac<i16>(a2, c, uh); b2 = mac<i16>(b2, c, vh);
    c = v128.load32_splat(x3, 12); a3 = mac<i16>(a3, c, ul); b3 = mac<i16>(b3, c, vl);
    c = v128.load32_splat(x3, 28); a3 = mac<i16>(a3, c, uh); b3 = mac<i16>(b3, c, vh);
    const s = v128.load8x8_u(w);
    const sa = lowScales<i16>(s), sb = highScales<i16>(s);
    c = v128.load32_splat(n0); f0 = scaled<i16>(f0, a0, sa, c, zero); g0 = scaled<i16>(g0, b0, sb, c, zero);
    c = v128.load32_splat(n1); f1 = scaled<i16>(f1, a1, sa, c, zero); g1 = scaled<i16>(g1, b1, sb, c, zero);
    c = v128.load32_splat(n2); f2 = scaled<i16>(f2, a2, sa, c, zero); g2 = scaled<i16>(g2, b2, sb, c, zero);
    c = v128.load32_splat(n3); f3 = scaled<i16>(f3, a3, sa, c, zero); g3 = scaled<i16>(g3, b3, sb, c, zero);
  }
  store(y0, head, f0, g0);
  store(y1, head, f1, g1);
  store(y2, head, f2, g2);
  store(y3, head, f3, g3);
}
