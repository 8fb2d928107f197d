/** What the host and the platform rely on in the compiled module, and what its sources must not do. */
import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { cases } from "./cases.ts";
import { kernelsModule } from "./run-case.ts";

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

/** Code of every kernel without comments. */
const sources = globSync("wasm/kernels/*.ts").map((file) => ({
  file,
  code: readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ""),
}));

it("uses no float operation that machines round differently", () => {
  for (const { file, code } of sources)
    expect(code, file).not.toMatch(/relaxed_(n?madd|min|max|trunc|swizzle|laneselect|q15)/);
});

it("uses the relaxed dot product only on nibbles, which are its 7-bit operand", () => {
  const uses = sources.flatMap(({ file, code }) =>
    [...code.matchAll(/\brelaxed\w*/g)].map(([name]) => `${file} ${name}`),
  );
  expect(uses).toEqual(["wasm/kernels/mat-q4.ts relaxed_dot_i8x16_i7x16_s"]);
  const { code } = sources.find(({ file }) => file === "wasm/kernels/mat-q4.ts")!;
  // Every second operand of dot and mac is named u or v with l or h, and these come from low() and high() alone.
  const operands = [...code.matchAll(/\bdot\(\w, (\w+)\)/g)].map(([, name]) => name!);
  const macs = [...code.matchAll(/\bmac\(\w\d, \w, (\w+), \w, (\w+)\)/g)].flatMap(([, p, q]) => [p!, q!]);
  const nibbles = new Set([...code.matchAll(/\b(\w+) = (?:low|high)\(/g)].map(([, name]) => name!));
  expect(macs.length).toBeGreaterThan(8);
  for (const name of [...operands.filter((name) => !["p", "q"].includes(name)), ...macs])
    expect(nibbles).toContain(name);
  expect(code).toMatch(/function low\(q: v128\): v128 \{\s+return v128\.and\(q, i8x16\.splat\(15\)\);/);
  expect(code).toMatch(
    /function high\(q: v128\): v128 \{\s+return v128\.and\(i16x8\.shr_u\(q, 4\), i8x16\.splat\(15\)\);/,
  );
});
