import { mac } from "../digits";
import { OFFSET_PANEL, recordBytes } from "./offsets";

/**
 * The offsets of 4-bit weights for the tokens of a prefill, as byte dot products: half the
 * instructions of offsets.ts, and its bits.
 *
 * Σ_b t_b · n_b with 8-bit t and 14-bit n is, with N = n + 8192 = 128 · high + low, Σ (t − 128) · N − 8192 · Σ (t −
 * 128) + 128 · Σ n. All is exact; the last sum comes with the record, the one before from the panel of the row group.
 */

/** Σ (t − 128) of eight rows, behind the panel. */
// @ts-ignore: decorator
@inline const ROW_SUMS: usize = OFFSET_PANEL + 4096;
/** Blocks that the panel has room for: 32 bytes for each four. */
// @ts-ignore: decorator
@inline export const MOST_BLOCKS: usize = 512;

/** Offsets of block b as (t − 128) at the right end of 16 bytes; zero behind the last. */
// @ts-ignore: decorator
@inline function offsets(w: usize, b: usize, blocks: usize): v128 {
  const middle = i8x16.splat(-128);
  return b < blocks ? v128.xor(v128.load64_zero(w + b * 144, 72), middle) : i8x16.splat(0);
}

/** Lays out the offsets of a row group: for each four blocks rows 0…3, then 4…7, four bytes each. */
export function offsetPanel(head: usize, blocks: usize): void {
  const ones = i8x16.splat(1);
  let p = i32x4.splat(0), q = p, to = OFFSET_PANEL;
  for (let b: usize = 0; b < blocks; b += 4, to += 32) {
    const a = offsets(head, b, blocks), c = offsets(head, b + 2, blocks);
    const ab = i8x16.shuffle(a, offsets(head, b + 1, blocks), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const cd = i8x16.shuffle(c, offsets(head, b + 3, blocks), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const low = i16x8.shuffle(ab, cd, 0, 8, 1, 9, 2, 10, 3, 11), high = i16x8.shuffle(ab, cd, 4, 12, 5, 13, 6, 14, 7, 15);
    v128.store(to, low);
    v128.store(to, high, 16);
    p = mac(p, low, ones);
    q = mac(q, high, ones);
  }
  v128.store(ROW_SUMS, i32x4.shl(p, 13));
  v128.store(ROW_SUMS, i32x4.shl(q, 13), 16);
}

/**
 * y = totals · d + m · scale · total for eight rows of `tokens` tokens; totals count as they are where
 * `scaled` says that d is in them.
 */
export function addOffsetPanel(y: usize, yRow: usize, totals: usize, record: usize, tokens: i32, head: usize, blocks: usize, scaled: bool): void {
  const row = recordBytes(blocks), low = (blocks + 3) & ~3, end = OFFSET_PANEL + (low << 3);
  for (; tokens > 0; tokens -= 2, y += 2 * yRow, totals += 64, record += 2 * row) {
    let h0p = i32x4.splat(0), h0q = h0p, l0p = h0p, l0q = h0p, h1p = h0p, h1q = h0p, l1p = h0p, l1q = h0p;
    const second = tokens > 1 ? row : 0;
    for (let p = OFFSET_PANEL, n0 = record + 8, n1 = n0 + second; p < end; p += 32, n0 += 4, n1 += 4) {
      const u = v128.load(p), v = v128.load(p, 16);
      let c = v128.load32_splat(n0); h0p = mac(h0p, u, c); h0q = mac(h0q, v, c);
      c = v128.load32_splat(n0 + low); l0p = mac(l0p, u, c); l0q = mac(l0q, v, c);
      c = v128.load32_splat(n1); h1p = mac(h1p, u, c); h1q = mac(h1q, v, c);
      c = v128.load32_splat(n1 + low); l1p = mac(l1p, u, c); l1q = mac(l1q, v, c);
    }
    finish(y, totals, head, record, i32x4.add(i32x4.shl(h0p, 7), l0p), i32x4.add(i32x4.shl(h0q, 7), l0q), scaled);
    if (second) finish(y + yRow, totals + 32, head, record + row, i32x4.add(i32x4.shl(h1p, 7), l1p), i32x4.add(i32x4.shl(h1q, 7), l1q), scaled);
  }
}

// @ts-ignore: decorator
@inline function finish(y: usize, totals: usize, head: usize, record: usize, p: v128, q: v128, done: bool): void {
  const scale = v128.load32_splat(record), sum = v128.load32_splat(record, 4);
  p = i32x4.add(i32x4.sub(p, v128.load(ROW_SUMS)), sum);
  q = i32x4.add(i32x4.sub(q, v128.load(ROW_SUMS, 16)), sum);
  let f = v128.load(totals), g = v128.load(totals, 16);
  if (!done) {
    f = f32x4.mul(f, v128.load(head));
    g = f32x4.mul(g, v128.load(head, 16));
  }
  v128.store(y, f32x4.add(f, f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(p), scale), v128.load(head, 32))));
  v128.store(y, f32x4.add(g, f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(q), scale), v128.load(head, 48))), 16);
}
