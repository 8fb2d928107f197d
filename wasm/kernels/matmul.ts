/**
 * y (M, N) = a (M, K) · b (K, N) in f32, or y += it. Rows have strides in bytes; columns lie side by side.
 *
 * The sum over K runs in order for every output, whatever the tile, so the tile does not change the bits.
 * 4 × 8 outputs per tile: 22 vector operations for 32 multiply-adds. Rows left over take 1 × 32, since eight chains of
 * additions hide their latency. Columns left over go by 4 and then singly.
 */
export function matmul(
  y: usize, yRow: usize, a: usize, aRow: usize, b: usize, bRow: usize, M: usize, N: usize, K: usize, accumulate: bool,
): void {
  let m: usize = 0;
  for (; m + 4 <= M; m += 4, y += 4 * yRow, a += 4 * aRow) {
    let n: usize = 0;
    for (; n + 8 <= N; n += 8) tile4x8(y + 4 * n, yRow, a, aRow, b + 4 * n, bRow, K, accumulate);
    if (n < N) for (let i: usize = 0; i < 4; i++) columns(y + i * yRow, a + i * aRow, b, bRow, n, N, K, accumulate);
  }
  for (; m < M; m++, y += yRow, a += aRow) {
    let n: usize = 0;
    for (; n + 32 <= N; n += 32) tile1x32(y + 4 * n, a, b + 4 * n, bRow, K, accumulate);
    columns(y, a, b, bRow, n, N, K, accumulate);
  }
}

/** Columns n … N of one row. */
function columns(y: usize, a: usize, b: usize, bRow: usize, n: usize, N: usize, K: usize, accumulate: bool): void {
  for (; n + 4 <= N; n += 4) {
    let sum = accumulate ? v128.load(y + 4 * n) : f32x4.splat(0);
    let bk = b + 4 * n;
    for (let k: usize = 0; k < K; k++, bk += bRow) sum = madd(sum, v128.load32_splat(a + 4 * k), v128.load(bk));
    v128.store(y + 4 * n, sum);
  }
  for (; n < N; n++) {
    let sum: f32 = accumulate ? load<f32>(y + 4 * n) : 0;
    let bk = b + 4 * n;
    for (let k: usize = 0; k < K; k++, bk += bRow) sum += load<f32>(a + 4 * k) * load<f32>(bk);
    store<f32>(y + 4 * n, sum);
  }
}

// @ts-ignore: decorator
@inline export function madd(sum: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}

export function tile4x8(
  y0: usize, yRow: usize, a0: usize, aRow: usize, b: usize, bRow: usize, K: usize, accumulate: bool,
): void {
  const y1 = y0 + yRow, y2 = y1 + yRow, y3 = y2 + yRow;
  let a1 = a0 + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
  let c0 = f32x4.splat(0), c1 = f32x4.splat(0), c2 = f32x4.splat(0), c3 = f32x4.splat(0);
  let d0 = f32x4.splat(0), d1 = f32x4.splat(0), d2 = f32x4.splat(0), d3 = f32x4.splat(0);
  if (accumulate) {
    c0 = v128.load(y0); c1 = v128.load(y1); c2 = v128.load(y2); c3 = v128.load(y3);
    d0 = v128.load(y0, 16); d1 = v128.load(y1, 16); d2 = v128.load(y2, 16); d3 = v128.load(y3, 16);
  }
  for (let k = K; k > 0; k--, b += bRow, a0 += 4, a1 += 4, a2 += 4, a3 += 4) {
    const u = v128.load(b), v = v128.load(b, 16);
    let x = v128.load32_splat(a0); c0 = madd(c0, x, u); d0 = madd(d0, x, v);
    x = v128.load32_splat(a1); c1 = madd(c1, x, u); d1 = madd(d1, x, v);
    x = v128.load32_splat(a2); c2 = madd(c2, x, u); d2 = madd(d2, x, v);
    x = v128.load32_splat(a3); c3 = madd(c3, x, u); d3 = madd(d3, x, v);
  }
  v128.store(y0, c0); v128.store(y1, c1); v128.store(y2, c2); v128.store(y3, c3);
  v128.store(y0, d0, 16); v128.store(y1, d1, 16); v128.store(y2, d2, 16); v128.store(y3, d3, 16);
}

function tile1x32(y: usize, a: usize, b: usize, bRow: usize, K: usize, accumulate: bool): void {
  let c0 = f32x4.splat(0), c1 = f32x4.splat(0), c2 = f32x4.splat(0), c3 = f32x4.splat(0);
  let c4 = f32x4.splat(0), c5 = f32x4.splat(0), c6 = f32x4.splat(0), c7 = f32x4.splat(0);
  if (accumulate) {
    c0 = v128.load(y); c1 = v128.load(y, 16); c2 = v128.load(y, 32); c3 = v128.load(y, 48);
    c4 = v128.load(y, 64); c5 = v128.load(y, 80); c6 = v128.load(y, 96); c7 = v128.load(y, 112);
  }
  for (let k = K; k > 0; k--, a += 4, b += bRow) {
    const x = v128.load32_splat(a);
    c0 = madd(c0, x, v128.load(b)); c1 = madd(c1, x, v128.load(b, 16));
    c2 = madd(c2, x, v128.load(b, 32)); c3 = madd(c3, x, v128.load(b, 48));
    c4 = madd(c4, x, v128.load(b, 64)); c5 = madd(c5, x, v128.load(b, 80));
    c6 = madd(c6, x, v128.load(b, 96)); c7 = madd(c7, x, v128.load(b, 112));
  }
  v128.store(y, c0); v128.store(y, c1, 16); v128.store(y, c2, 32); v128.store(y, c3, 48);
  v128.store(y, c4, 64); v128.store(y, c5, 80); v128.store(y, c6, 96); v128.store(y, c7, 112);
}
