/** The definitions of the kernels that write floats as halves and read them. */
import { fromHalf, toHalf } from "../half.ts";
import type { Kernels } from "../kernels.ts";
import { floats } from "./view.ts";

const halves = (memory: WebAssembly.Memory, at: number, n: number): Uint16Array =>
  new Uint16Array(memory.buffer, at, n);

const INFINITE = 0x7c00;

export const toHalves =
  (memory: WebAssembly.Memory): Kernels["toHalves"] =>
  (y, x, n) => {
    const nearest = Uint16Array.from(floats(memory, x, n), toHalf);
    if (nearest.some((half) => (half & INFINITE) === INFINITE)) return 0;
    halves(memory, y, n).set(nearest);
    return 1;
  };

export const fromHalves =
  (memory: WebAssembly.Memory): Kernels["fromHalves"] =>
  (y, x, n) => {
    floats(memory, y, n).set(Float32Array.from(halves(memory, x, n), fromHalf));
  };
