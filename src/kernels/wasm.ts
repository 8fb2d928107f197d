import type { Kernels } from "./kernels.ts";

/**
 * The fast kernels over a memory. They keep the first 64 KiB to themselves (wasm/kernels/page.ts);
 * the host allocates from 65536 up.
 *
 * The module must come from wasm/build/kernels.wasm; its exports are named as in `Kernels`.
 */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}
