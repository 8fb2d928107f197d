import type { Kernels } from "../kernels.ts";
import { floats } from "./view.ts";

/** The definition of `ssmStep`: the recurrence of Mamba-2, one token. */
export const ssmStep =
  (memory: WebAssembly.Memory): Kernels["ssmStep"] =>
  (y, s, x, B, C, dt, logDecay, skip, H, P, N, G) => {
    for (let h = 0; h < H; h++) {
      const group = Math.floor(h / (H / G));
      scanHead(
        floats(memory, s + 4 * h * P * N, P * N),
        [
          {
            x: floats(memory, x + 4 * h * P, P),
            y: floats(memory, y + 4 * h * P, P),
            B: floats(memory, B + 4 * group * N, N),
            C: floats(memory, C + 4 * group * N, N),
            dt: floats(memory, dt, H)[h]!,
            decay: Math.exp(floats(memory, logDecay, H)[h]!),
          },
        ],
        floats(memory, skip, H)[h]!,
      );
    }
  };

/** What one head sees of one token. */
interface HeadToken {
  x: Float32Array;
  y: Float32Array;
  B: Float32Array;
  C: Float32Array;
  dt: number;
  decay: number;
}

/** Tokens of one head in order; the state is f64 in between. */
export function scanHead(state: Float32Array, tokens: HeadToken[], skip: number): void {
  const s = Float64Array.from(state);
  for (const { x, y, B, C, dt, decay } of tokens) {
    const N = B.length;
    for (let p = 0; p < x.length; p++) {
      let sum = 0;
      for (let n = 0; n < N; n++) {
        s[p * N + n] = decay * s[p * N + n]! + dt * x[p]! * B[n]!;
        sum += s[p * N + n]! * C[n]!;
      }
      y[p] = sum + skip * x[p]!;
    }
  }
  state.set(s);
}
