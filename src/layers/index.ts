/** The mixers and MLPs that architectures are made of. */
export type { AdapterConfig } from "./adapter.ts";
export { type AttentionConfig, attention } from "./attention.ts";
export { type ExpertsConfig, experts, largest, type Route } from "./experts.ts";
export { type GatedDeltaConfig, gatedDelta } from "./gated-delta.ts";
export { type GatedMlpConfig, gatedMlp } from "./gated-mlp.ts";
export { type Layer, matrix, stacked, vector, type WeightSpec, zeroCentred } from "./layer.ts";
export { type Mamba2Config, mamba2 } from "./mamba2.ts";
export { postNorm } from "./post-norm.ts";
export { type Relu2MlpConfig, relu2Mlp } from "./relu2-mlp.ts";
export { type RotaryConfig, rotaryConfig, rotaryFrom } from "./rotary.ts";
export { type SharedBlockConfig, sharedBlock } from "./shared-block.ts";
export { type ShortConvConfig, shortConv } from "./short-conv.ts";
