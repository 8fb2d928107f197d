/**
 * Qwen 2 and 2.5: Llama's shape with a bias on q, k and v.
 *
 * Source: transformers `models/qwen2`; checkpoints Qwen/Qwen2.5-0.5B … 7B. Golden:
 * test/golden/qwen2-*, from training/golden.py.
 */
import { attention } from "../layers/index.ts";
import type { Architecture } from "./architecture.ts";
import { transformerGguf } from "./gguf-spelling.ts";
import { slidingWindows } from "./layer-types.ts";
import { attentionSizes, preNormShape } from "./pre-norm.ts";

export const qwen2: Architecture = {
  type: "qwen2",
  read(json) {
    const windows = slidingWindows(json, 32, 28);
    const mixer = {
      ...attentionSizes(json, { D: 4096, Hq: 32, Hkv: 32, theta: 10_000 }),
      bias: true,
      outputBias: false,
    };
    const defaults = { V: 151_936, D: 4096, I: 22_016, depth: 32, contextLength: 32_768, epsilon: 1e-6, tied: false };
    return preNormShape(json, { ...defaults, mlpBias: false }, (at, layer) =>
      attention(`${at}.self_attn`, { ...mixer, layer, ...windows[layer] }),
    );
  },
  gguf: transformerGguf({ architecture: "qwen2", type: "qwen2" }),
};
