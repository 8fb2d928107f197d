/** One case of one kernel. */
import type { Kernels } from "../../../src/kernels/kernels.ts";
import type { Arena } from "../arena.ts";

export interface Case<Name extends keyof Kernels = keyof Kernels> {
  title: string;
  /**
   * Puts the tensors into the arena; returns the arguments of each call, in order. Outputs
   * are compared after every call.
   */
  build(arena: Arena): Parameters<Kernels[Name]>[];
}
