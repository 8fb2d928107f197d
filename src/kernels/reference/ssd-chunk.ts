import type { Kernels } from "../kernels.ts";
import { scanHead } from "./ssm-step.ts";
import { floats } from "./view.ts";

/** The definition of `ssdChunk`: the same recurrence as `ssmStep`, token by token. The chunked form must agree. */
export const ssdChunk =
  (memory: WebAssembly.Memory): Kernels["ssdChunk"] =>
  (y, s, x, B, C, stride, dt, logDecay, skip, _scratch, T, H, P, N, G) => {
    const steps = floats(memory, dt, T * H);
    const logs = floats(memory, logDecay, T * H);
    for (let h = 0; h < H; h++) {
      const group = Math.floor(h / (H / G));
      const tokens = Array.from({ length: T }, (_, t) => ({
        x: floats(memory, x + 4 * (t * stride + h * P), P),
        y: floats(memory, y + 4 * (t * H + h) * P, P),
        B: floats(memory, B + 4 * (t * stride + group * N), N),
        C: floats(memory, C + 4 * (t * stride + group * N), N),
        dt: steps[t * H + h]!,
        decay: Math.exp(logs[t * H + h]!),
      }));
      scanHead(floats(memory, s + 4 * h * P * N, P * N), tokens, floats(memory, skip, H)[h]!);
    }
  };
