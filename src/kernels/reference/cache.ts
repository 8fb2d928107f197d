/** The definitions of the caches: where a position lies, and how it is written. */
import type { Kernels } from "../kernels.ts";
import { eightBits } from "./quantize.ts";
import { floats, signedBytes } from "./view.ts";

/** The first `sinks` positions keep their slots; the others go round. */
export const slotOf = (j: number, sinks: number, ring: number): number =>
  j < sinks ? j : sinks + ((j - sinks) % ring);

export const cacheF32 =
  (memory: WebAssembly.Memory): Kernels["cacheF32"] =>
  (keys, values, k, v, vStride, T, S, H, P, sinks, ring) => {
    const row = H * P;
    for (let t = 0; t < T; t++) {
      const at = 4 * slotOf(S + t, sinks, ring) * row;
      floats(memory, keys + at, row).set(floats(memory, k + 4 * t * row, row));
      floats(memory, values + at, row).set(floats(memory, v + 4 * t * vStride, row));
    }
  };

export const cacheI8 =
  (memory: WebAssembly.Memory): Kernels["cacheI8"] =>
  (keys, keyScales, values, valueScales, k, v, vStride, T, S, H, P, sinks, ring) => {
    for (let t = 0; t < T; t++) {
      for (let h = 0; h < H; h++) {
        const head = slotOf(S + t, sinks, ring) * H + h;
        const key = floats(memory, k + 4 * (t * H + h) * P, P);
        const value = floats(memory, v + 4 * (t * vStride + h * P), P);
        floats(memory, keyScales, head + 1)[head] = eightBits(signedBytes(memory, keys + head * P, P), key);
        floats(memory, valueScales, head + 1)[head] = eightBits(signedBytes(memory, values + head * P, P), value);
      }
    }
  };
