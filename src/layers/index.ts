/** The mixers and MLPs that architectures are made of. */
export { type AttentionConfig, attention } from "./attention.ts";
export { type GatedMlpConfig, gatedMlp } from "./gated-mlp.ts";
export { type Mamba2Config, mamba2 } from "./mamba2.ts";
export { type RotaryConfig, rotaryConfig } from "./rotary.ts";
