/**
 * A row of T tokens has the same bits as T calls of one token, and on every machine: prefill in
 * any slices gives the same state.
 */
import { expect, it } from "vitest";
import { quantizedRowBytes } from "../../src/core/dtype.ts";
import { pad8 } from "../../src/core/sizes.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { Arena } from "./arena.ts";
import { cases } from "./cases.ts";
import { kernelsModule, wasmKernels } from "./run-case.ts";

type Together = "matF32" | "matF16" | "matQ8" | "matQ4" | "attendI8";

/** How many tokens a call takes. */
const tokensOf = (name: Together, args: number[]) => (name === "attendI8" ? args[7]! : args.at(-3)!);

/** The call for token t alone, written to the same place. */
function single<Name extends Together>(name: Name, args: Parameters<Kernels[Name]>, t: number): number[] {
  if (name === "attendI8") {
    const [out, q, qSink, keys, keyScales, values, valueScales, T, S, ...rest] = args as Parameters<
      Kernels["attendI8"]
    >;
    expect(t).toBeLessThan(T);
    const [o, plain, sink] = [out, q, qSink].map((at) => at + 4 * t * rest[0] * rest[2]) as [number, number, number];
    return [o, plain, sink, keys, keyScales, values, valueScales, 1, S + t, ...rest];
  }
  const [T, R, C] = args.slice(-3) as [number, number, number];
  expect(t).toBeLessThan(T);
  const y = args[0] + 4 * t * pad8(R);
  if (name === "matQ8" || name === "matQ4") return [y, args[1] + t * quantizedRowBytes(C), args[2], 1, R, C];
  const [, x, xStride, w] = args as Parameters<Kernels["matF32"]>;
  return [y, x + 4 * t * xStride, xStride, w, 1, R, C];
}

it.each(["matF32", "matF16", "matQ8", "matQ4", "attendI8"] as Together[])(
  "%s: tokens together and one by one have the same bits",
  (name) => {
    for (const { build } of cases[name]) {
      const arena = new Arena();
      const [args] = build(arena);
      const kernel = wasmKernels(arena.memory)[name] as (...args: number[]) => void;
      const bits = () => new Uint8Array(arena.values(arena.outputs[0]!).buffer);
      kernel(...args!);
      const together = bits();
      new Uint8Array(arena.memory.buffer, args![0], together.length).fill(0xff);
      const T = tokensOf(name, args!);
      for (let t = 0; t < T; t++) kernel(...single(name, args!, t));
      expect(Buffer.compare(bits(), together)).toBe(0);
    }
  },
);

it("matQ4: every form has the same bits: lanes of 16 or of 32, the second operand signed or unsigned", () => {
  for (const { build } of cases.matQ4) {
    const forms = ["narrow", "wide, signed", "wide, as this processor has it"].map((form) => {
      const arena = new Arena();
      const [args] = build(arena);
      const { exports } = new WebAssembly.Instance(kernelsModule, { env: { memory: arena.memory } });
      const set = (name: string, value: 0 | 1) => {
        (exports[name] as WebAssembly.Global).value = value;
      };
      set("wideDots", form === "narrow" ? 0 : 1);
      if (form === "wide, signed") set("unsignedDots", 0);
      (exports.matQ4 as (...args: number[]) => void)(...args!);
      return new Uint8Array(arena.values(arena.outputs[0]!).buffer);
    });
    for (const form of forms.slice(1)) expect(Buffer.compare(form, forms[0]!)).toBe(0);
  }
});
