/** Cases of every kernel. A kernel without cases does not compile. The suites and the benchmark share the builders. */
import type { Kernels } from "../../src/kernels/kernels.ts";
import { attendF32, attendI8, cacheF32, cacheI8, rotary, rotaryTable, softmax } from "./cases/attention.ts";
import type { Case } from "./cases/case.ts";
import { gatedDeltaChunk, gatedDeltaStep } from "./cases/delta.ts";
import { gatedConv1d, geglu, gegluTanh, l2Norm, relu2, sigmoidTimes } from "./cases/family.ts";
import { fromHalves, toHalves } from "./cases/halves.ts";
import { embedF16, embedF32, embedQ4, embedQ8, matF16, matF32, matQ4, matQ8, quantize } from "./cases/matrices.ts";
import { add, addBias, gatedRmsNorm, rmsNorm, scale, swiglu } from "./cases/rows.ts";
import { causalConv1d, mambaDt, ssdChunk, ssmStep } from "./cases/state.ts";

export const cases: { [Name in keyof Kernels]: Case<Name>[] } = {
  matF32,
  matF16,
  matQ8,
  matQ4,
  embedF32,
  embedF16,
  embedQ8,
  embedQ4,
  quantize,
  toHalves,
  fromHalves,
  rmsNorm,
  gatedRmsNorm,
  add,
  scale,
  addBias,
  swiglu,
  geglu,
  gegluTanh,
  relu2,
  sigmoidTimes,
  l2Norm,
  causalConv1d,
  gatedConv1d,
  mambaDt,
  ssmStep,
  ssdChunk,
  gatedDeltaStep,
  gatedDeltaChunk,
  rotaryTable,
  rotary,
  cacheF32,
  cacheI8,
  attendF32,
  attendI8,
  softmax,
};
