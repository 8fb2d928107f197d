/** The compiled kernels, for commands that run under Node. */
import { readFileSync } from "node:fs";
import { kernelsPath } from "../../scripts/package-root.ts";

/** The Workers types know no compiling at run time; Node does. */
const { Module } = WebAssembly as unknown as { Module: new (bytes: Uint8Array) => WebAssembly.Module };

export const compiledKernels = (): WebAssembly.Module => new Module(readFileSync(kernelsPath));
