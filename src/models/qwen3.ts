/**
 * Qwen 3: Llama's shape, with every head of q and of k normed before it turns.
 *
 * Source: transformers `models/qwen3`; checkpoints Qwen/Qwen3-0.6B … 8B. Golden:
 * test/golden/qwen3-*, from training/golden.py.
 */
import { attention } from "../layers/index.ts";
import type { Architecture } from "./architecture.ts";
import { transformerGguf } from "./gguf-spelling.ts";
import { slidingWindows } from "./layer-types.ts";
import { attentionSizes, preNormShape } from "./pre-norm.ts";

export const qwen3: Architecture = {
  type: "qwen3",
  read(json) {
    const windows = slidingWindows(json, 32, 28);
    const sizes = attentionSizes(json, { D: 4096, Hq: 32, Hkv: 32, head: 128, theta: 10_000 });
    const bias = json.boolean("attention_bias", false);
    const epsilon = json.number("rms_norm_eps", 1e-6);
    const defaults = { V: 151_936, D: 4096, I: 22_016, depth: 32, contextLength: 32_768, epsilon: 1e-6, tied: false };
    return preNormShape(json, { ...defaults, mlpBias: false }, (at, layer) => {
      const headNorm = { q: `${at}.self_attn.q_norm.weight`, k: `${at}.self_attn.k_norm.weight`, epsilon };
      return attention(`${at}.self_attn`, { ...sizes, layer, ...windows[layer], bias, outputBias: bias, headNorm });
    });
  },
  gguf: transformerGguf({ architecture: "qwen3", type: "qwen3" }),
};
