import { accumulate, CHUNK, decayed, GROWTH, mix, weigh } from "./decays";
import { madd, matmul } from "./matmul";
import { transpose } from "./transpose";

/**
 * Tokens of Mamba-2 as matrix products (state space duality), at most 32 at a time: the products of token with token
 * grow with the chunk, those with the state do not shrink.
 *
 * With cumulative log decays l, per head:
 *   y_t = e^(l_t) · (s · C_t) + Σ_{u ≤ t} e^(l_t − l_u) · dt_u · (C_t · B_u) · x_u + skip · x_t
 *   s ← e^(l_T) · s + Σ_u e^(l_T − l_u) · dt_u · x_u ⊗ B_u
 * Every exponent is ≤ 0. Sums and differences of l are f64, since two large neighbours may lie close together.
 * C · Bᵀ is shared by the heads of a group. `matmul` wants its right side row-major, hence the transposed copies.
 * Definition: src/kernels/reference/ssd-chunk.ts. Source: Mamba-2, arXiv 2405.21060, section 6.
 */
export function ssdChunk(
  y: usize, s: usize, x: usize, B: usize, C: usize, stride: usize, dt: usize, logDecay: usize, skip: usize, scratch: usize,
  T: usize, H: usize, P: usize, N: usize, G: usize,
): void {
  const row = stride << 2;
  for (let t: usize = 0; t < T; t += CHUNK, y += (CHUNK * H * P) << 2, dt += (CHUNK * H) << 2, logDecay += (CHUNK * H) << 2) {
    chunk(y, s, x, B, C, row, dt, logDecay, skip, scratch, min(CHUNK, T - t), H, P, N, G);
    x += CHUNK * row; B += CHUNK * row; C += CHUNK * row;
  }
}

function chunk(
  y: usize, s: usize, x: usize, B: usize, C: usize, row: usize, dt: usize, logDecay: usize, skip: usize, scratch: usize,
  T: usize, H: usize, P: usize, N: usize, G: usize,
): void {
  // Scratch, in the order of ssdScratchBytes: Bᵀ (N, T8), C·Bᵀ (T, T8), mixing (T, T8),
  // sᵀ (N, P8), weighted xᵀ (P, T8).
  const yRow = (H * P) << 2;
  const T8 = ((T + 7) & ~7) << 2, P8 = ((P + 7) & ~7) << 2;
  const pairs = scratch + N * T8, mixing = pairs + T * T8, turned = mixing + T * T8, weighted = turned + N * P8;
  const share = H / G;
  for (let h: usize = 0; h < H; h++, s += (P * N) << 2, x += P << 2, y += P << 2, skip += 4) {
    const Bg = B + (((h / share) * N) << 2), Cg = C + (((h / share) * N) << 2);
    if (h % share == 0) {
      transpose(scratch, T8, Bg, row, T, N);
      for (let t: usize = 0; t < T; t += 4) {
        matmul(pairs + t * T8, T8, Cg + t * row, row, scratch, T8, min<usize>(4, T - t), min(T8 >>> 2, (t + 11) & ~7), N, false);
      }
    }
    accumulate(logDecay + (h << 2), dt + (h << 2), H, T);
    for (let t: usize = 0; t < T; t++) mix(mixing + t * T8, pairs + t * T8, t);
    transpose(turned, P8, s, N << 2, P, N);
    for (let t: usize = 0; t < T; t += 4) {
      const rows = min<usize>(4, T - t), to = y + t * yRow, from = x + t * row;
      matmul(to, yRow, Cg + t * row, row, turned, P8, rows, P, N, false);
      for (let i: usize = 0; i < rows; i++) {
        through(to + i * yRow, from + i * row, P, load<f32>(GROWTH + ((t + i) << 2)), load<f32>(skip));
      }
      matmul(to, yRow, mixing + t * T8, T8, x, row, rows, P, min(T, t + 4), true);
    }
    transpose(weighted, T8, x, row, T, P);
    weigh(weighted, T8, P, T);
    decayed(s, P * N, load<f32>(GROWTH + ((T - 1) << 2)));
    matmul(s, N << 2, weighted, T8, Bg, row, P, N, T, true);
  }
}

/** y = growth · y + skip · x. */
function through(y: usize, x: usize, P: usize, growth: f32, skip: f32): void {
  const whole = (P << 2) & ~15, bytes = P << 2;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    v128.store(y + i, madd(f32x4.mul(v128.load(y + i), f32x4.splat(growth)), v128.load(x + i), f32x4.splat(skip)));
  }
  for (; i < bytes; i += 4) store<f32>(y + i, load<f32>(y + i) * growth + load<f32>(x + i) * skip);
}
