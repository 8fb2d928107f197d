/** Every kernel by its definition: slow, in f64, and a drop-in for the fast ones. A whole engine can run on it. */
import type { Kernels } from "../kernels.ts";
import { geglu, gegluTanh, relu2 } from "./activations.ts";
import { attendF32, attendI8 } from "./attend.ts";
import { cacheF32, cacheI8 } from "./cache.ts";
import { causalConv1d } from "./causal-conv1d.ts";
import { add, addBias, scale, sigmoidTimes, swiglu } from "./elementwise.ts";
import { embedF16, embedF32, embedQ4, embedQ8 } from "./embed.ts";
import { gatedConv1d } from "./gated-conv1d.ts";
import { gatedDeltaChunk, gatedDeltaStep } from "./gated-delta.ts";
import { fromHalves, toHalves } from "./halves.ts";
import { mambaDt } from "./mamba-dt.ts";
import { matF16, matF32, matQ4, matQ8 } from "./mat.ts";
import { gatedRmsNorm, l2Norm, rmsNorm } from "./norms.ts";
import { quantize } from "./quantize.ts";
import { rotary, rotaryTable } from "./rotary.ts";
import { softmax } from "./softmax.ts";
import { ssdChunk } from "./ssd-chunk.ts";
import { ssmStep } from "./ssm-step.ts";

export const referenceKernels = (memory: WebAssembly.Memory): Kernels => ({
  matF32: matF32(memory),
  matF16: matF16(memory),
  matQ8: matQ8(memory),
  matQ4: matQ4(memory),
  embedF32: embedF32(memory),
  embedF16: embedF16(memory),
  embedQ8: embedQ8(memory),
  embedQ4: embedQ4(memory),
  quantize: quantize(memory),
  toHalves: toHalves(memory),
  fromHalves: fromHalves(memory),
  rmsNorm: rmsNorm(memory),
  gatedRmsNorm: gatedRmsNorm(memory),
  add: add(memory),
  scale: scale(memory),
  addBias: addBias(memory),
  swiglu: swiglu(memory),
  geglu: geglu(memory),
  gegluTanh: gegluTanh(memory),
  relu2: relu2(memory),
  sigmoidTimes: sigmoidTimes(memory),
  l2Norm: l2Norm(memory),
  causalConv1d: causalConv1d(memory),
  gatedConv1d: gatedConv1d(memory),
  mambaDt: mambaDt(memory),
  ssmStep: ssmStep(memory),
  ssdChunk: ssdChunk(memory),
  gatedDeltaStep: gatedDeltaStep(memory),
  gatedDeltaChunk: gatedDeltaChunk(memory),
  rotaryTable: rotaryTable(memory),
  rotary: rotary(memory),
  cacheF32: cacheF32(memory),
  cacheI8: cacheI8(memory),
  attendF32: attendF32(memory),
  attendI8: attendI8(memory),
  softmax: softmax(memory),
});
