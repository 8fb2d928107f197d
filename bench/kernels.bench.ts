/**
 * Time of every kernel, on the tensors of the test cases: those that matter at the shapes of a 135M-class
 * hybrid, which are listed here; the others on the largest of their cases, so that a new kernel is timed
 * before anybody writes a row for it.
 *
 *     node bench/kernels.bench.ts [part of a kernel's name]
 *
 * Columns: time of one call (best of many), multiply-adds per second, bytes moved per second and as a share of a plain
 * copy of 64 MB. The best run is shown because other work on the machine can only slow a run down.
 */

import { commandLine } from "../scripts/command-line.ts";
import { matrixBytes, quantizedRowBytes } from "../src/core/dtype.ts";
import type { Kernels } from "../src/kernels/kernels.ts";
import { Arena } from "../test/kernels/arena.ts";
import { type AttendShape, attendF32Case, attendI8Case } from "../test/kernels/cases/attention.ts";
import type { Case } from "../test/kernels/cases/case.ts";
import { type DeltaShape, deltaChunk, deltaStep } from "../test/kernels/cases/delta.ts";
import { matFloat, matQuantized } from "../test/kernels/cases/matrices.ts";
import { chunk, type ScanShape, step } from "../test/kernels/cases/state.ts";
import { cases } from "../test/kernels/cases.ts";
import { normal } from "../test/kernels/random.ts";
import { wasmKernels } from "../test/kernels/run-case.ts";

interface Row {
  name: keyof Kernels;
  label: string;
  /** Multiply-adds and bytes read and written by one call; 0 where nobody counted them. */
  macs: number;
  bytes: number;
  build(arena: Arena): number[];
  /** So many times built and called in turn, that each call's tensors come from memory. */
  copies?: number;
}

/** Short runs, so that some fall between the time slices of other programs. */
const RUNS = 200;
const RUN_MS = 1;
const { positionals } = commandLine({}, [0, 1]);
const only = positionals[0] ?? "";

/**
 * Best processor time of one call, in ms: a call that is longer than a time slice of the system has no
 * undisturbed run on a busy machine.
 */
function bestMs(call: () => void): number {
  call();
  const start = cpuNow();
  call();
  const repeats = Math.max(1, Math.round(RUN_MS / Math.max(cpuNow() - start, 1e-4)));
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const from = cpuNow();
    for (let i = 0; i < repeats; i++) call();
    best = Math.min(best, (cpuNow() - from) / repeats);
  }
  return best;
}

function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** (V, D) is the vocabulary, larger than a core's own caches; the others are a layer's. */
const matrices: [R: number, C: number][] = [
  [1536, 576],
  [49152, 576],
];

function matrixRows(name: "matQ4" | "matQ8" | "matF16" | "matF32"): Row[] {
  const dtype = name.slice(3).toLowerCase() as "q4" | "q8" | "f16" | "f32";
  return matrices.flatMap(([R, C]) =>
    (R > 2000 ? [1, 8] : [1, 4, 64]).map((T) => {
      const inputs = dtype === "q4" || dtype === "q8" ? quantizedRowBytes(C) : 4 * C;
      const build = dtype === "q4" || dtype === "q8" ? matQuantized(dtype, T, R, C) : matFloat(dtype, T, R, C);
      return {
        name,
        label: `T ${T}, ${R} × ${C}`,
        macs: T * R * C,
        bytes: matrixBytes(dtype, R, C) + T * (inputs + 4 * R),
        build: (arena: Arena) => build.build(arena)[0]!,
      };
    }),
  );
}

/**
 * A matrix larger than the caches of most processors: copies of a layer's, one behind the
 * other, since row groups lie so.
 */
const far = { copies: 170, R: 576, C: 1536 };
function farRows(): Row[] {
  const R = far.copies * far.R;
  return [1, 2, 4, 8, 16].map((T) => ({
    name: "matQ4",
    label: `T ${T}, ${R} × ${far.C}`,
    macs: T * R * far.C,
    bytes: matrixBytes("q4", R, far.C) + T * (quantizedRowBytes(far.C) + 4 * R),
    build: (arena) => {
      const [, x, one] = matQuantized("q4", T, far.R, far.C).build(arena)[0]!;
      const bytes = new Uint8Array(arena.memory.buffer, one, matrixBytes("q4", far.R, far.C));
      const all = new Uint8Array(far.copies * bytes.length);
      for (let i = 0; i < far.copies; i++) all.set(bytes, i * bytes.length);
      const w = arena.bytes(all);
      return [arena.scratch(4 * T * R), x, w, T, R, far.C];
    },
  }));
}

const scan = { H: 9, P: 64, N: 64, G: 1 };
const scanRow = (name: "ssmStep" | "ssdChunk", shape: ScanShape): Row => ({
  name,
  label: `T ${shape.T}, H ${shape.H}, P ${shape.P}, N ${shape.N}`,
  macs: 2 * shape.T * shape.H * shape.P * shape.N,
  bytes: 8 * shape.H * shape.P * shape.N + 8 * shape.T * shape.H * shape.P,
  build: (arena) => (name === "ssmStep" ? step(shape) : chunk(shape)).build(arena)[0]!,
});

/**
 * Of Qwen3.5-0.8B, whose layers are wider than those of the default model. A token reads the
 * state twice and writes it once.
 */
const rule = { H: 16, P: 128, N: 128, G: 16 };
const deltaRow = (name: "gatedDeltaStep" | "gatedDeltaChunk", shape: DeltaShape): Row => ({
  name,
  label: `T ${shape.T}, H ${shape.H}, P ${shape.P}, N ${shape.N}`,
  macs: 3 * shape.T * shape.H * shape.P * shape.N,
  bytes: 8 * shape.H * shape.P * shape.N + 8 * shape.T * shape.H * shape.P + 8 * shape.T * shape.G * shape.N,
  build: (arena) => (name === "gatedDeltaStep" ? deltaStep(shape) : deltaChunk(shape)).build(arena)[0]!,
});

const heads = { Hq: 9, Hkv: 3, P: 64 };
const attendRow = (name: "attendF32" | "attendI8", shape: AttendShape): Row => ({
  name,
  label: `T ${shape.T}, S ${shape.S}, ${shape.Hq}/${shape.Hkv} heads of ${shape.P}`,
  macs: 2 * shape.T * (shape.S + shape.T / 2) * shape.Hq * shape.P,
  bytes: (name === "attendF32" ? 8 : 2) * (shape.S + shape.T) * shape.Hkv * shape.P,
  build: (arena) => (name === "attendF32" ? attendF32Case(shape) : attendI8Case(shape)).build(arena)[0]!,
});

/** As a token finds its caches, after all weights have passed: larger together than the caches of most processors. */
const attendFarRow = (S: number): Row => {
  const row = attendRow("attendI8", { T: 1, S, ...heads });
  return { ...row, label: `T 1, S ${S}, from memory`, copies: Math.ceil(64e6 / row.bytes) };
};

const [D, I, C] = [576, 1536, 704];
const listed: Row[] = [
  ...(["matQ4", "matQ8", "matF16", "matF32"] as const).flatMap(matrixRows),
  ...farRows(),
  scanRow("ssmStep", { T: 1, ...scan }),
  ...[8, 32, 64].map((T) => scanRow("ssdChunk", { T, ...scan })),
  deltaRow("gatedDeltaStep", { T: 1, ...rule }),
  ...[8, 32, 64].map((T) => deltaRow("gatedDeltaChunk", { T, ...rule })),
  ...(["attendF32", "attendI8"] as const).flatMap((name) =>
    [1, 32].flatMap((T) => [512, 2048].map((S) => attendRow(name, { T, S, ...heads }))),
  ),
  ...[180, 512, 2048].map(attendFarRow),
  plain("quantize", `C ${D}`, 0, 5 * D, (a) => [a.scratch(quantizedRowBytes(D)), a.floats(normal(D)), D, 1, D]),
  plain("rmsNorm", `D ${D}`, 2 * D, 12 * D, (a) => [
    a.scratch(4 * D),
    a.floats(normal(D)),
    a.floats(normal(D)),
    1,
    D,
    1e-5,
  ]),
  plain("gatedRmsNorm", `D ${D}`, 2 * D, 16 * D, (a) => {
    const [x, z, w] = [1, 2, 3].map((seed) => a.floats(normal(D, 1, seed)));
    return [a.scratch(4 * D), x!, D, z!, D, w!, 1, D, D, 1e-5];
  }),
  plain("swiglu", `I ${I}`, I, 12 * I, (a) => [a.scratch(4 * I), a.floats(normal(2 * I)), 2 * I, I, 1, I]),
  plain("causalConv1d", `C ${C}, K 4`, 4 * C, 40 * C, (a) => {
    const [x, tail, w, b] = [C, 3 * C, 4 * C, C].map((n) => a.floats(normal(n)));
    return [a.scratch(4 * C), x!, C, tail!, w!, b!, 1, C, 4];
  }),
];

const isListed = (name: string) => listed.some((row) => row.name === name);
const others = (Object.entries(cases) as [keyof Kernels, Case[]][])
  .filter(([name]) => !isListed(name))
  .map(([name, ofKernel]): Row => {
    const { title, build } = largest(name, ofKernel);
    return { name, label: title, macs: 0, bytes: 0, build: (arena) => build(arena)[0]! };
  });

/** The one whose call takes longest. */
function largest(name: keyof Kernels, ofKernel: readonly Case[]): Case {
  const timed = ofKernel.map((one) => {
    const arena = new Arena();
    const args = one.build(arena)[0]!;
    const kernel = wasmKernels(arena.memory)[name] as (...args: number[]) => void;
    kernel(...args);
    const start = performance.now();
    kernel(...args);
    return { one, ms: performance.now() - start };
  });
  return timed.toSorted((a, b) => b.ms - a.ms)[0]!.one;
}

function plain(name: keyof Kernels, label: string, macs: number, bytes: number, build: Row["build"]): Row {
  return { name, label: `T 1, ${label}`, macs, bytes, build };
}

const half = new Uint8Array(64 << 20).fill(1);
const other = new Uint8Array(64 << 20).fill(2);
const copyBytesPerMs = (2 * half.length) / bestMs(() => other.set(half));
console.log(`copy of 64 MB: ${(copyBytesPerMs / 1e6).toFixed(1)} GB/s read and written`);
console.log("kernel          shape                                  ms    G MAC/s    GB/s   of copy");
for (const { name, label, macs, bytes, build, copies = 1 } of [...listed, ...others].filter(({ name }) =>
  name.toLowerCase().includes(only.toLowerCase()),
)) {
  const arena = new Arena();
  const calls = Array.from({ length: copies }, () => build(arena));
  const kernel = wasmKernels(arena.memory)[name] as (...args: number[]) => void;
  let next = 0;
  const ms = bestMs(() => kernel(...calls[next++ % copies]!));
  const columns = [
    ms.toFixed(4),
    macs ? (macs / ms / 1e6).toFixed(1) : "–",
    bytes ? (bytes / ms / 1e6).toFixed(1) : "–",
    bytes ? `${Math.round((100 * bytes) / ms / copyBytesPerMs)} %` : "–",
  ];
  console.log(
    name.padEnd(15),
    label.slice(0, 34).padEnd(34),
    ...columns.map((column, i) => column.padStart(i ? 8 : 9)),
  );
}
