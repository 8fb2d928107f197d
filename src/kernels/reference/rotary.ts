/** The definitions of the rotary positions. */
import type { Kernels } from "../kernels.ts";
import { floats } from "./view.ts";

export const rotaryTable =
  (memory: WebAssembly.Memory): Kernels["rotaryTable"] =>
  (table, frequencies, half, T, S, limit) => {
    const out = floats(memory, table, T * half * 2);
    const rates = floats(memory, frequencies, half);
    for (let t = 0; t < T; t++) {
      const position = Math.min(S + t, limit);
      for (let i = 0; i < half; i++) {
        out[(t * half + i) * 2] = Math.cos(position * rates[i]!);
        out[(t * half + i) * 2 + 1] = Math.sin(position * rates[i]!);
      }
    }
  };

export const rotary =
  (memory: WebAssembly.Memory): Kernels["rotary"] =>
  (y, x, xStride, table, half, T, H, P) => {
    for (let t = 0; t < T; t++) {
      const turns = floats(memory, table + 8 * t * half, half * 2);
      for (let h = 0; h < H; h++) {
        const from = Float64Array.from(floats(memory, x + 4 * (t * xStride + h * P), P));
        const to = floats(memory, y + 4 * (t * H + h) * P, P);
        to.set(from);
        for (let i = 0; i < half; i++) {
          const [cos, sin] = [turns[2 * i]!, turns[2 * i + 1]!];
          to[i] = from[i]! * cos - from[i + half]! * sin;
          to[i + half] = from[i + half]! * cos + from[i]! * sin;
        }
      }
    }
  };
