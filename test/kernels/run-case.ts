/**
 * Runs one case on two implementations and compares every output after every call, and
 * everything else for being left alone.
 */
import { ensureKernels } from "../../scripts/build-wasm.ts";
import { compiledKernels } from "../../src/cli/kernels.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { instantiateKernels } from "../../src/kernels/wasm.ts";
import { expectClose } from "../support/expect-close.ts";
import { Arena } from "./arena.ts";
import type { Case } from "./cases/case.ts";

export type Implementation = (memory: WebAssembly.Memory) => Kernels;

await ensureKernels();
export const kernelsModule = compiledKernels();
export const wasmKernels: Implementation = (memory) => instantiateKernels(kernelsModule, memory);

export function expectSame<Name extends keyof Kernels>(
  name: Name,
  { build }: Case<Name>,
  fast: Implementation,
  definition: Implementation,
): void {
  const [ours, theirs] = [new Arena(), new Arena()];
  const calls = build(ours);
  build(theirs);
  const before = ours.untouchable();
  const run = (kernels: Kernels, args: Parameters<Kernels[Name]>) =>
    (kernels[name] as (...args: unknown[]) => void)(...args);
  const [fastKernels, slowKernels] = [fast(ours.memory), definition(theirs.memory)];
  calls.forEach((args, i) => {
    run(fastKernels, args);
    run(slowKernels, args);
    for (const output of ours.outputs) {
      const what = `${name}, call ${i + 1}: ${output.name}`;
      expectClose(ours.values(output), theirs.values(output), output.tolerance ?? { abs: 0 }, what);
    }
  });
  const after = ours.untouchable();
  if (Buffer.compare(after, before) === 0) return;
  const changed = after.findIndex((byte, i) => byte !== before[i]);
  throw new Error(`${name}: wrote to address ${65536 + changed}, outside its outputs`);
}
