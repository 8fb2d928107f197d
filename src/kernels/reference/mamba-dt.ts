import type { Kernels } from "../kernels.ts";
import { softplus } from "./functions.ts";
import { floats } from "./view.ts";

/** The definition of `mambaDt`: time steps and the log of the state's decay. */
export const mambaDt =
  (memory: WebAssembly.Memory): Kernels["mambaDt"] =>
  (dt, logDecay, raw, rawStride, bias, A, T, H, lo, hi) => {
    const biases = floats(memory, bias, H);
    const rates = floats(memory, A, H);
    for (let t = 0; t < T; t++) {
      const input = floats(memory, raw + 4 * t * rawStride, H);
      const steps = floats(memory, dt + 4 * t * H, H);
      const logs = floats(memory, logDecay + 4 * t * H, H);
      for (let h = 0; h < H; h++) {
        const step = Math.min(Math.max(softplus(input[h]! + biases[h]!), lo), hi);
        steps[h] = step;
        logs[h] = step * rates[h]!;
      }
    }
  };
