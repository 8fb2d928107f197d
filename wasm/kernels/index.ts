/** Every kernel of the module, named as in src/kernels/kernels.ts. */
export { __instance_signal, __instance_terminated } from "./page";
export { matF32 } from "./mat-f32";
export { matF16 } from "./mat-f16";
export { matQ8 } from "./mat-q8";
export { matQ4 } from "./mat-q4";
export { embedF32, embedF16, embedQ8, embedQ4 } from "./embed";
export { quantize } from "./quantize";
export { rmsNorm, gatedRmsNorm } from "./norms";
export { add, scale, addBias, swiglu } from "./elementwise";
export { causalConv1d } from "./causal-conv1d";
export { mambaDt } from "./mamba-dt";
export { ssmStep } from "./ssm-step";
export { ssdChunk } from "./ssd-chunk";
export { rotaryTable, rotary } from "./rotary";
export { cacheF32, cacheI8 } from "./cache";
export { attendF32 } from "./attend-f32";
export { attendI8 } from "./attend-i8";
export { softmax } from "./softmax";
