/** to (N, M) ← from (M, N); rows have strides in bytes. */
export function transpose(to: usize, toRow: usize, from: usize, row: usize, M: usize, N: usize): void {
  let m: usize = 0;
  for (; m + 4 <= M; m += 4, from += 4 * row, to += 16) {
    let n: usize = 0;
    for (let at = from, out = to; n + 4 <= N; n += 4, at += 16, out += 4 * toRow) square(out, toRow, at, row);
    for (; n < N; n++) for (let i: usize = 0; i < 4; i++) one(to + n * toRow + 4 * i, from + i * row + 4 * n);
  }
  for (; m < M; m++, from += row, to += 4) {
    for (let n: usize = 0; n < N; n++) one(to + n * toRow, from + 4 * n);
  }
}

// @ts-ignore: decorator
@inline function one(to: usize, from: usize): void {
  store<f32>(to, load<f32>(from));
}

/** Four rows of four. */
// @ts-ignore: decorator
@inline function square(to: usize, toRow: usize, from: usize, row: usize): void {
  const a = v128.load(from), b = v128.load(from + row), c = v128.load(from + 2 * row), d = v128.load(from + 3 * row);
  const ab = i32x4.shuffle(a, b, 0, 4, 1, 5), cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
  v128.store(to, i64x2.shuffle(ab, cd, 0, 2));
  v128.store(to + toRow, i64x2.shuffle(ab, cd, 1, 3));
  const ef = i32x4.shuffle(a, b, 2, 6, 3, 7), gh = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(to + 2 * toRow, i64x2.shuffle(ef, gh, 0, 2));
  v128.store(to + 3 * toRow, i64x2.shuffle(ef, gh, 1, 3));
}
