/** What the host and the platform rely on in the compiled module, and what its sources must not do. */
import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Arena } from "./arena.ts";
import { attendI8Case } from "./cases/attention.ts";
import { cases } from "./cases.ts";
import { kernelsModule, wasmKernels } from "./run-case.ts";

it("exports every kernel, and imports nothing but the memory", () => {
  const functions = WebAssembly.Module.exports(kernelsModule).flatMap(({ name, kind }) =>
    kind === "function" ? [name] : [],
  );
  expect(functions.sort()).toEqual(Object.keys(cases).sort());
  expect(WebAssembly.Module.imports(kernelsModule)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
});

it("keeps its data below the scratch of the first page", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(kernelsModule, { env: { memory } });
  const written = new Uint8Array(memory.buffer).findLastIndex((byte) => byte !== 0);
  expect(written).toBeLessThan(32768);
  const [signal, terminated] = ["__instance_signal", "__instance_terminated"].map(
    (name) => (exports[name] as WebAssembly.Global).value,
  );
  expect(new Uint32Array(memory.buffer)[signal / 4]).toBe(0);
  expect(new Set([signal, terminated]).size).toBe(2);
  expect(Math.max(signal, terminated)).toBeLessThan(1024);
});

it("attendI8 reads no byte behind a cache, which may end where the memory does", () => {
  const shape = { T: 1, S: 99, Hq: 4, Hkv: 2, P: 32 };
  const [heads, slots] = [shape.Hkv, shape.S + shape.T];
  const caches = [3, 4, 5, 6]; // keys, their scales, values, their scales among the arguments
  for (const last of caches) {
    const arena = new Arena();
    const args = [...attendI8Case(shape).build(arena)[0]!];
    const bytes = last % 2 ? slots * heads * shape.P : 4 * slots * heads;
    const end = 65536 * arena.memory.grow(1) + 65536;
    new Uint8Array(arena.memory.buffer).copyWithin(end - bytes, args[last]!, args[last]! + bytes);
    args[last] = end - bytes;
    const { attendI8 } = wasmKernels(arena.memory);
    expect(() => attendI8(...(args as Parameters<typeof attendI8>)), `argument ${last}`).not.toThrow();
  }
});

/** Code of every kernel without comments. */
const sources = globSync("wasm/kernels/**/*.ts").map((file) => ({
  file,
  code: readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ""),
}));

it("uses no float operation that machines round differently", () => {
  for (const { file, code } of sources)
    expect(code, file).not.toMatch(/relaxed_(n?madd|min|max|trunc|swizzle|laneselect|q15)/);
});

it("uses the relaxed dot product only on nibbles and digits, which are its 7-bit operand", () => {
  const uses = sources.flatMap(({ file, code }) =>
    [...code.matchAll(/\brelaxed\w*/g)].map(([name]) => `${file} ${name}`),
  );
  const [narrow, wide] = ["relaxed_dot_i8x16_i7x16_s", "relaxed_dot_i8x16_i7x16_add_s"];
  const [probe, tiled] = ["wasm/kernels/mat-q4/mat-q4.ts", "wasm/kernels/mat-q4/dots.ts"];
  // The probe breaks the rule on purpose: it asks which instruction this is, and decides between equal results.
  expect(uses.sort()).toEqual(
    [
      `wasm/kernels/digits.ts ${wide}`,
      `${probe} ${wide}`,
      ...[wide, narrow, wide, narrow].map((name) => `${tiled} ${name}`),
    ].sort(),
  );
  const { code } = sources.find(({ file }) => file === tiled)!;
  // Operands of dot() and mac() in the tiles are ul, uh, vl, vh, and these come from low() and
  // high() alone, which mask with 15.
  const tiles = ["blocks", "tiles", "tile4"]
    .map((name) => sources.find(({ file }) => file === `wasm/kernels/mat-q4/${name}.ts`)!.code)
    .join("");
  const operands = [...tiles.matchAll(/\b(?:dot<\w+>\(\w|mac<\w+>\(\w\d, \w), (\w+)[,)]/g)].map(([, name]) => name!);
  const nibbles = new Set([...tiles.matchAll(/\b(\w+) = (?:low|high)\(\w, mask\)/g)].map(([, name]) => name!));
  expect(operands.length).toBe((1 + 2 + 4 + 4) * 16);
  for (const name of operands) expect(nibbles).toContain(name);
  expect(tiles.match(/\bmask = i8x16\.splat\(15\)/g)).toHaveLength(4);
  expect(tiles.match(/\bmask =/g)).toHaveLength(4);
  expect(code).toMatch(/function low\(q: v128, mask: v128\): v128 \{\s+return v128\.and\(q, mask\);/);
  expect(code).toMatch(
    /function high\(q: v128, mask: v128\): v128 \{\s+return v128\.and\(i16x8\.shr_u\(q, 4\), mask\);/,
  );

  // Panels: dots read u and v alone, which are loads of what unpack() stored, and that is low() and high() again.
  const { code: panels } = sources.find(({ file }) => file === "wasm/kernels/mat-q4/panels.ts")!;
  const read = [...panels.matchAll(/\b(?:dot<i32>\(\w|mac<i32>\(\w\d, \w), (\w+)[,)]/g)].map(([, name]) => name!);
  expect(read.length).toBe(12 * 8);
  expect(new Set(read)).toEqual(new Set(["u", "v"]));
  const stored = [...panels.matchAll(/store\(p, (\w+)\(\w\d, mask\), \d+\)/g)].map(([, name]) => name!);
  expect(stored.sort()).toEqual([...Array(8).fill("high"), ...Array(8).fill("low")]);
  expect(panels.match(/\bmask = i8x16\.splat\(15\)/g)).toHaveLength(1);
  const { code: digits } = sources.find(({ file }) => file === "wasm/kernels/digits.ts")!;
  expect(digits).toMatch(
    /mask = i16x8\.splat\(127\);\s+return i8x16\.narrow_i16x8_u\(v128\.and\(i16x8\.shr_u\(words, 7\), mask\), v128\.and\(words, mask\)\);/,
  );
});
