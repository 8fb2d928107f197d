/**
 * Qwen 3.5 (text): three Gated DeltaNet layers to one of gated attention, each followed by a gated MLP.
 *
 * Positions of text are the same in all three sections of the checkpoint's multimodal rotary
 * embedding, which is then the plain one.
 * Source: transformers `models/qwen3_5`; checkpoints Qwen/Qwen3.5-0.8B, -2B, -4B. Golden:
 * test/golden/qwen3_5_text-*, from training/golden.py.
 */
import { attention, type GatedDeltaConfig, gatedDelta, zeroCentred } from "../layers/index.ts";
import type { Architecture } from "./architecture.ts";
import { layerTypes } from "./layer-types.ts";
import { attentionSizes, preNormShape } from "./pre-norm.ts";
import { qwen35Gguf } from "./qwen3_5-gguf.ts";

const DEPTH = 32;

export const qwen3_5_text: Architecture = {
  type: "qwen3_5_text",
  wrappedBy: ["qwen3_5"],
  spelling: { ignore: [/^mtp\./] }, // layers that guess further tokens
  read(json) {
    const epsilon = json.number("rms_norm_eps", 1e-6);
    const partial = json.number("partial_rotary_factor", 0.25);
    const sizes = attentionSizes(json, { D: 4096, Hq: 16, Hkv: 4, head: 256, theta: 10_000, partial });
    const bias = json.boolean("attention_bias", false);
    const rule: GatedDeltaConfig = {
      D: sizes.D,
      H: json.int("linear_num_value_heads", 32),
      P: json.int("linear_value_head_dim", 128),
      G: json.int("linear_num_key_heads", 16),
      N: json.int("linear_key_head_dim", 128),
      K: json.int("linear_conv_kernel_dim", 4, 2),
      epsilon,
      reach: 1,
      names: {
        gate: "in_proj_z",
        qkv: ["in_proj_qkv"],
        beta: "in_proj_b",
        decay: "in_proj_a",
        norm: "norm",
        output: "out_proj",
      },
    };
    const depth = json.depth(DEPTH);
    const interval = json.int("full_attention_interval", 4);
    const types = json.has("layer_types")
      ? layerTypes(json, ["linear_attention", "full_attention"], depth)
      : Array.from({ length: depth }, (_, i) => ((i + 1) % interval === 0 ? "full_attention" : "linear_attention"));
    const defaults = {
      V: 248_320,
      D: 4096,
      I: 12_288,
      depth: DEPTH,
      contextLength: 32_768,
      epsilon: 1e-6,
      tied: false,
    };
    return preNormShape(
      json,
      { ...defaults, mlpBias: false },
      (at, layer) => {
        if (types[layer] === "linear_attention") return gatedDelta(`${at}.linear_attn`, rule);
        const headNorm = {
          q: `${at}.self_attn.q_norm.weight`,
          k: `${at}.self_attn.k_norm.weight`,
          epsilon,
          zeroCentred: true,
        };
        return attention(`${at}.self_attn`, { ...sizes, layer, bias, outputBias: bias, headNorm, gated: true });
      },
      zeroCentred,
    );
  },
  gguf: qwen35Gguf,
};
