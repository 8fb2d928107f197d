import { describe, expect, it } from "vitest";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { referenceKernels } from "../../src/kernels/reference/index.ts";
import type { Case } from "./cases/case.ts";
import { cases } from "./cases.ts";
import { expectSame, type Implementation, wasmKernels } from "./run-case.ts";

const names = Object.keys(cases) as (keyof Kernels)[];

describe.each(names)("%s agrees with its definition", (name) => {
  it.each(cases[name] as Case[])("$title", (one) => expectSame(name, one, wasmKernels, referenceKernels));
});

/** The same kernels, but each leaves its outputs a little wrong. */
const broken: Implementation = (memory) => {
  const kernels = wasmKernels(memory);
  const spoiled = names.map((name) => {
    const kernel = kernels[name] as (...args: number[]) => void;
    return [
      name,
      (...args: number[]) => {
        kernel(...args);
        new Uint8Array(memory.buffer, args[0], 4)[3]! ^= 0x40; // the exponent of a float, or an int8
      },
    ];
  });
  return Object.fromEntries(spoiled);
};

it.each(names)("%s: a kernel that is wrong in one value is noticed", (name) => {
  const [first] = cases[name] as Case[];
  expect(() => expectSame(name, first!, broken, referenceKernels)).toThrow(name);
});

it("notices a kernel that writes past its output", () => {
  const careless: Implementation = (memory) => {
    const { add, ...others } = wasmKernels(memory);
    const tooFar: typeof add = (x, y, n) => {
      add(x, y, n);
      new Float32Array(memory.buffer, x)[n] = 0;
    };
    return { ...others, add: tooFar };
  };
  expect(() => expectSame("add", cases.add[0]!, careless, referenceKernels)).toThrow("outside its outputs");
});
