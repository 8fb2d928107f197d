import { accumulate, CHUNK, decayed, GROWTH, mix, weigh } from "./decays";
import { madd, matmul } from "./matmul";
import { transpose } from "./transpose";

/**
 * Tokens of the gated delta rule as matrix products, at most 32 at a time.
 *
 * With cumulative log decays l, per head, the change that token t writes is
 *   d_t = β_t · (v_t − e^(l_t) · (s · k_t) − Σ_{u < t} e^(l_t − l_u) · (k_t · k_u) · d_u),
 * a triangular system that is solved forwards, and then
 *   y_t = e^(l_t) · (s · q_t) + Σ_{u ≤ t} e^(l_t − l_u) · (q_t · k_u) · d_u
 *   s ← e^(l_T) · s + Σ_u e^(l_T − l_u) · d_u ⊗ k_u
 * Every exponent is ≤ 0. The products k · k and q · k are shared by the heads of a group.
 * Definition: src/kernels/reference/gated-delta.ts. Source: Gated DeltaNet, arXiv 2412.06464, section 3.3.
 */
export function gatedDeltaChunk(
  y: usize, s: usize, q: usize, k: usize, v: usize, stride: usize, beta: usize, logDecay: usize, scratch: usize,
  T: usize, H: usize, P: usize, N: usize, G: usize,
): void {
  const row = stride << 2;
  for (let t: usize = 0; t < T; t += CHUNK) {
    chunk(y, s, q, k, v, row, beta, logDecay, scratch, min(CHUNK, T - t), H, P, N, G);
    q += CHUNK * row; k += CHUNK * row; v += CHUNK * row;
    y += (CHUNK * H * P) << 2; beta += (CHUNK * H) << 2; logDecay += (CHUNK * H) << 2;
  }
}

function chunk(
  y: usize, s: usize, q: usize, k: usize, v: usize, row: usize, beta: usize, logDecay: usize, scratch: usize,
  T: usize, H: usize, P: usize, N: usize, G: usize,
): void {
  // Scratch, in the order of gatedDeltaScratchBytes: Kᵀ (N, T8), K·Kᵀ (T, T8), Q·Kᵀ (T, T8), mixing (T, T8), sᵀ
  // (N, P8), d (T, P8), dᵀ (P, T8).
  const yRow = (H * P) << 2;
  const T8 = ((T + 7) & ~7) << 2, P8 = ((P + 7) & ~7) << 2;
  const keys = scratch + N * T8, queries = keys + T * T8, mixing = queries + T * T8;
  const turned = mixing + T * T8, d = turned + N * P8, weighted = d + T * P8;
  const share = H / G;
  for (let h: usize = 0; h < H; h++, s += (P * N) << 2, v += P << 2, y += P << 2, beta += 4) {
    const kg = k + (((h / share) * N) << 2), qg = q + (((h / share) * N) << 2);
    if (h % share == 0) {
      transpose(scratch, T8, kg, row, T, N);
      pairs(keys, kg, row, scratch, T8, T, N);
      pairs(queries, qg, row, scratch, T8, T, N);
    }
    accumulate(logDecay + (h << 2), 0, H, T);
    transpose(turned, P8, s, N << 2, P, N);
    matmul(d, P8, kg, row, turned, P8, T, P, N, false);
    for (let t: usize = 0; t < T; t++) {
      const at = d + t * P8, b = load<f32>(beta + ((t * H) << 2));
      surprise(at, v + t * row, P, b, load<f32>(GROWTH + (t << 2)));
      mix(mixing, keys + t * T8, t);
      scaled(mixing, t, -b);
      matmul(at, P8, mixing, T8, d, P8, 1, P, t, true);
    }
    for (let t: usize = 0; t < T; t++) mix(mixing + t * T8, queries + t * T8, t);
    for (let t: usize = 0; t < T; t += 4) {
      const rows = min<usize>(4, T - t), to = y + t * yRow;
      matmul(to, yRow, qg + t * row, row, turned, P8, rows, P, N, false);
      for (let i: usize = 0; i < rows; i++) decayed(to + i * yRow, P, load<f32>(GROWTH + ((t + i) << 2)));
      matmul(to, yRow, mixing + t * T8, T8, d, P8, rows, P, min(T, t + 4), true);
    }
    transpose(weighted, T8, d, P8, T, P);
    weigh(weighted, T8, P, T);
    decayed(s, P * N, load<f32>(GROWTH + ((T - 1) << 2)));
    matmul(s, N << 2, weighted, T8, kg, row, P, N, T, true);
  }
}

/** to (T, T8) ← a (T, N) · b (N, T8), as far as the causal triangle needs, four rows at a time. */
function pairs(to: usize, a: usize, row: usize, b: usize, T8: usize, T: usize, N: usize): void {
  for (let t: usize = 0; t < T; t += 4) {
    matmul(to + t * T8, T8, a + t * row, row, b, T8, min<usize>(4, T - t), min(T8 >>> 2, (t + 11) & ~7), N, false);
  }
}

/** d (P), which holds s · k, ← β · (v − growth · d). */
function surprise(d: usize, v: usize, P: usize, beta: f32, growth: f32): void {
  const bytes = P << 2, whole = bytes & ~15, b = f32x4.splat(beta), g = f32x4.splat(-growth);
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(d + i, f32x4.mul(b, madd(v128.load(v + i), g, v128.load(d + i))));
  for (; i < bytes; i += 4) store<f32>(d + i, beta * (load<f32>(v + i) + -growth * load<f32>(d + i)));
}

/** x (n) *= by. */
function scaled(x: usize, n: usize, by: f32): void {
  for (let i: usize = 0; i < n << 2; i += 4) store<f32>(x + i, load<f32>(x + i) * by);
}
