/**
 * Rotary positions: a table of cos and sin per token, then the turn itself. Definition:
 * src/kernels/reference/rotary.ts.
 *
 * The angle is f64 and so are sin and cos (fdlibm's reduction), because an f32 angle of some thousand
 * radians keeps only three decimals.
 */
export function rotaryTable(table: usize, frequencies: usize, half: usize, T: i32, S: i32, limit: i32): void {
  for (let t = 0; t < T; t++) {
    const position = <f64>min(S + t, limit);
    for (let i: usize = 0; i < half; i++, table += 8) {
      const angle = position * <f64>load<f32>(frequencies + (i << 2));
      store<f32>(table, <f32>NativeMath.cos(angle));
      store<f32>(table, <f32>NativeMath.sin(angle), 4);
    }
  }
}

/** Pairs i and i + half of each head turn by the token's angle i; the rest of the head is copied. */
export function rotary(
  y: usize, x: usize, xStride: usize, table: usize, half: usize, T: i32, H: usize, P: usize,
): void {
  const apart = half << 2, whole = apart & ~15, head = P << 2;
  for (let t = 0; t < T; t++, x += xStride << 2, table += half << 3) {
    for (let h: usize = 0, from = x; h < H; h++, from += head, y += head) {
      let i: usize = 0;
      for (; i < whole; i += 16) {
        const low = v128.load(table + 2 * i), high = v128.load(table + 2 * i, 16);
        const cos = i32x4.shuffle(low, high, 0, 2, 4, 6), sin = i32x4.shuffle(low, high, 1, 3, 5, 7);
        const a = v128.load(from + i), b = v128.load(from + i + apart);
        v128.store(y + i, f32x4.sub(f32x4.mul(a, cos), f32x4.mul(b, sin)));
        v128.store(y + i + apart, f32x4.add(f32x4.mul(b, cos), f32x4.mul(a, sin)));
      }
      for (; i < apart; i += 4) {
        const cos = load<f32>(table + 2 * i), sin = load<f32>(table + 2 * i, 4);
        const a = load<f32>(from + i), b = load<f32>(from + i + apart);
        store<f32>(y + i, a * cos - b * sin);
        store<f32>(y + i + apart, b * cos + a * sin);
      }
      if (y != from) memory.copy(y + 2 * apart, from + 2 * apart, head - 2 * apart);
    }
  }
}
