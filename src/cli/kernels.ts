/** The compiled kernels, for commands that run under Node. */
import { readFileSync } from "node:fs";

export const compiledKernels = (): WebAssembly.Module =>
  new WebAssembly.Module(readFileSync(new URL("../../wasm/build/kernels.wasm", import.meta.url)));
