import { rounderBits } from "../constants";
import { TOTALS, addBlock, clear, dot, high, highScales, low, lowScales, mac } from "./dots";
import { SCRATCH } from "../page";

/**
 * `matQ4` for the tokens of a prefill: six at a time, and the nibbles become bytes once for all of them.
 *
 * Six tokens keep twelve dots in flight, as many as two multiplying ports with a latency of four or five want; the sums
 * over blocks are kept in memory. The bits are those of the tiles of four and of one. Only with sums of 32 bits: where
 * a dot product is three instructions, tile4.ts is quicker.
 */

/** From so many tokens on it pays. */
// @ts-ignore: decorator
@inline export const MANY: i32 = 12;
/** Blocks unpacked at once, 256 bytes each, behind the records of offsets.ts. */
// @ts-ignore: decorator
@inline const BLOCKS: usize = 48;
// @ts-ignore: decorator
@inline const PANEL: usize = SCRATCH + 20480;

/**
 * Totals of eight rows of all tokens, a multiple of six, not yet times d. `head` is the
 * row group: d, m, then the blocks.
 */
export function panels(xq: usize, xRow: usize, scales: usize, head: usize, blocks: usize, tokens: i32): void {
  for (let t = 0, totals = TOTALS; t < tokens; t++, totals += 32) clear(totals);
  for (let b: usize = 0; b < blocks; b += BLOCKS) {
    const count = min(BLOCKS, blocks - b), w = head + 64 + b * 144;
    for (let t = 0, x = xq, totals = TOTALS; t < tokens; t += 6, x += 6 * xRow, totals += 192) {
      panel6(totals, x + (b << 5), xRow, x + scales + (b << 2), w, count, t == 0);
    }
  }
}

/** The nibbles of a block in the order of their use: low of rows 0…3 and 4…7, then high; the next. */
// @ts-ignore: decorator
@inline function unpack(p: usize, w: usize): void {
  const mask = i8x16.splat(15);
  let u0 = v128.load(w, 16), v0 = v128.load(w, 32);
  v128.store(p, low(u0, mask), 0); v128.store(p, low(v0, mask), 16); v128.store(p, high(u0, mask), 32); v128.store(p, high(v0, mask), 48);
  let u1 = v128.load(w, 48), v1 = v128.load(w, 64);
  v128.store(p, low(u1, mask), 64); v128.store(p, low(v1, mask), 80); v128.store(p, high(u1, mask), 96); v128.store(p, high(v1, mask), 112);
  let u2 = v128.load(w, 80), v2 = v128.load(w, 96);
  v128.store(p, low(u2, mask), 128); v128.store(p, low(v2, mask), 144); v128.store(p, high(u2, mask), 160); v128.store(p, high(v2, mask), 176);
  let u3 = v128.load(w, 112), v3 = v128.load(w, 128);
  v128.store(p, low(u3, mask), 192); v128.store(p, low(v3, mask), 208); v128.store(p, high(u3, mask), 224); v128.store(p, high(v3, mask), 240);
}

/**
 * totals += Σ_b sx_b · (s_b · dot_b) over `blocks` blocks from w on. The first tokens of a panel fill it as they go, so
 * that loads of weights are spread out.
 */
function panel6(totals: usize, x0: usize, xRow: usize, n0: usize, w: usize, blocks: usize, fill: bool): void {
  let x1 = x0 + xRow, n1 = n0 + xRow;
  let x2 = x1 + xRow, n2 = n1 + xRow;
  let x3 = x2 + xRow, n3 = n2 + xRow;
  let x4 = x3 + xRow, n4 = n3 + xRow;
  let x5 = x4 + xRow, n5 = n4 + xRow;
  const zero = rounderBits();
  for (let p = PANEL, end = PANEL + (blocks << 8); p < end; p += 256, w += 144) {
    if (fill) unpack(p, w);
    let u = v128.load(p, 0), v = v128.load(p, 16);
    let c = v128.load32_splat(x0, 0); let a0 = dot<i32>(c, u, zero), b0 = dot<i32>(c, v, zero);
    c = v128.load32_splat(x1, 0); let a1 = dot<i32>(c, u, zero), b1 = dot<i32>(c, v, zero);
    c = v128.load32_splat(x2, 0); let a2 = dot<i32>(c, u, zero), b2 = dot<i32>(c, v, zero);
    c = v128.load32_splat(x3, 0); let a3 = dot<i32>(c, u, zero), b3 = dot<i32>(c, v, zero);
    c = v128.load32_splat(x4, 0); let a4 = dot<i32>(c, u, zero), b4 = dot<i32>(c, v, zero);
    c = v128.load32_splat(x5, 0); let a5 = dot<i32>(c, u, zero), b5 = dot<i32>(c, v, zero);
    u = v128.load(p, 32); v = v128.load(p, 48);
    c = v128.load32_splat(x0, 16); a0 = mac<i32>(a0, c, u); b0 = mac<i32>(b0, c, v);
    c = v128.load32_splat(x1, 16); a1 = mac<i32>(a1, c, u); b1 = mac<i32>(b1, c, v);
    c = v128.load32_splat(x2, 16); a2 = mac<i32>(a2, c, u); b2 = mac<i32>(b2, c, v);
    c = v128.load32_splat(x3, 16); a3 = mac<i32>(a3, c, u); b3 = mac<i32>(b3, c, v);
    c = v128.load32_splat(x4, 16); a4 = mac<i32>(a4, c, u); b4 = mac<i32>(b4, c, v);
    c = v128.load32_splat(x5, 16); a5 = mac<i32>(a5, c, u); b5 = mac<i32>(b5, c, v);
    u = v128.load(p, 64); v = v128.load(p, 80);
    c = v128.load32_splat(x0, 4); a0 = mac<i32>(a0, c, u); b0 = mac<i32>(b0, c, v);
    c = v128.load32_splat(x1, 4); a1 = mac<i32>(a1, c, u); b1 = mac<i32>(b1, c, v);
    c = v128.load32_splat(x2, 4); a2 = mac<i32>(a2, c, u); b2 = mac<i32>(b2, c, v);
    c = v128.load32_splat(x3, 4); a3 = mac<i32>(a3, c, u); b3 = mac<i32>(b3, c, v);
    c = v128.load32_splat(x4, 4); a4 = mac<i32>(a4, c, u); b4 = mac<i32>(b4, c, v);
    c = v128.load32_splat(x5, 4); a5 = mac<i32>(a5, c, u); b5 = mac<i32>(b5, c, v);
    u = v128.load(p, 96); v = v128.load(p, 112);
    c = v128.load32_splat(x0, 20); a0 = mac<i32>(a0, c, u); b0 = mac<i32>(b0, c, v);
    c = v128.load32_splat(x1, 20); a1 = mac<i32>(a1, c, u); b1 = mac<i32>(b1, c, v);
    c = v128.load32_splat(x2, 20); a2 = mac<i32>(a2, c, u); b2 = mac<i32>(b2, c, v);
    c = v128.load32_splat(x3, 20); a3 = mac<i32>(a3, c, u); b3 = mac<i32>(b3, c, v);
    c = v128.load32_splat(x4, 20); a4 = mac<i32>(a4, c, u); b4 = mac<i32>(b4, c, v);
    c = v128.load32_splat(x5, 20); a5 = mac<i32>(a5, c, u); b5 = mac<i32>(b5, c, v);
    u = v128.load(p, 128); v = v128.load(p, 144);
    c = v128.load32_splat(x0, 8); a0 = mac<i32>(a0, c, u); b0 = mac<i32>(b0, c, v);
    c = v128.load32_splat(x1, 8); a1 = mac<i32>(a1, c, u); b1 = mac<i32>(b1, c, v);
    c = v128.load32_splat(x2, 8); a2 = mac<i32>(a2, c, u); b2 = mac<i32>(b2, c, v);
    c = v128.load32_splat(x3, 8); a3 = mac<i32>(a3, c, u); b3 = mac<i32>(b3, c, v);
    c = v128.load32_splat(x4, 8); a4 = mac<i32>(a4, c, u); b4 = mac<i32>(b4, c, v);
    c = v128.load32_splat(x5, 8); a5 = mac<i32>(a5, c, u); b5 = mac<i32>(b5, c, v);
    u = v128.load(p, 160); v = v128.load(p, 176);
    c = v128.load32_splat(x0, 24); a0 = mac<i32>(a0, c, u); b0 = mac<i32>(b0, c, v);
    c = v128.load32_splat(x1, 24); a1 = mac<i32>(a1, c, u); b1 = mac<i32>(b1, c, v);
    c = v128.load32_splat(x2, 24); a2 = mac<i32>(a2, c, u); b2 = mac<i32>(b2, c, v);
    c = v128.load32_splat(x3, 24); a3 = mac<i32>(a3, c, u); b3 = mac<i32>(b3, c, v);
    c = v128.load32_splat(x4, 24); a4 = mac<i32>(a4, c, u); b4 = mac<i32>(b4, c, v);
    c = v128.load32_splat(x5, 24); a5 = mac<i32>(a5, c, u); b5 = mac<i32>(b5, c, v);
    u = v128.load(p, 192); v = v128.load(p, 208);
    c = v128.load32_splat(x0, 12); a0 = mac<i32>(a0, c, u); b0 = mac<i32>(b0, c, v);
    c = v128.load32_splat(x1, 12); a1 = mac<i32>(a1, c, u); b1 = mac<i32>(b1, c, v);
    c = v128.load32_splat(x2, 12); a2 = mac<i32>(a2, c, u); b2 = mac<i32>(b2, c, v);
    c = v128.load32_splat(x3, 12); a3 = mac<i32>(a3, c, u); b3 = mac<i32>(b3, c, v);
    c = v128.load32_splat(x4, 12); a4 = mac<i32>(a4, c, u); b4 = mac<i32>(b4, c, v);
    c = v128.load32_splat(x5, 12); a5 = mac<i32>(a5, c, u); b5 = mac<i32>(b5, c, v);
    u = v128.load(p, 224); v = v128.load(p, 240);
    c = v128.load32_splat(x0, 28); a0 = mac<i32>(a0, c, u); b0 = mac<i32>(b0, c, v);
    c = v128.load32_splat(x1, 28); a1 = mac<i32>(a1, c, u); b1 = mac<i32>(b1, c, v);
    c = v128.load32_splat(x2, 28); a2 = mac<i32>(a2, c, u); b2 = mac<i32>(b2, c, v);
    c = v128.load32_splat(x3, 28); a3 = mac<i32>(a3, c, u); b3 = mac<i32>(b3, c, v);
    c = v128.load32_splat(x4, 28); a4 = mac<i32>(a4, c, u); b4 = mac<i32>(b4, c, v);
    c = v128.load32_splat(x5, 28); a5 = mac<i32>(a5, c, u); b5 = mac<i32>(b5, c, v);
    const s = v128.load8x8_u(w);
    const sa = lowScales<i32>(s), sb = highScales<i32>(s);
    c = v128.load32_splat(n0); addBlock<i32>(totals, a0, b0, sa, sb, c, zero);
    c = v128.load32_splat(n1); addBlock<i32>(totals + 32, a1, b1, sa, sb, c, zero);
    c = v128.load32_splat(n2); addBlock<i32>(totals + 64, a2, b2, sa, sb, c, zero);
    c = v128.load32_splat(n3); addBlock<i32>(totals + 96, a3, b3, sa, sb, c, zero);
    c = v128.load32_splat(n4); addBlock<i32>(totals + 128, a4, b4, sa, sb, c, zero);
    c = v128.load32_splat(n5); addBlock<i32>(totals + 160, a5, b5, sa, sb, c, zero);
    x0 += 32; n0 += 4; x1 += 32; n1 += 4; x2 += 32; n2 += 4; x3 += 32; n3 += 4; x4 += 32; n4 += 4; x5 += 32; n5 += 4;
  }
}
