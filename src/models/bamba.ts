/**
 * Bamba: Mamba-2 layers with attention at a few depths, each followed by a gated MLP.
 *
 * Source: transformers `models/bamba`; checkpoint ibm-ai-platform/Bamba-9B.
 * Golden: test/golden/bamba-*, from training/golden.py.
 */
import { attention, gatedMlp, mamba2, rotaryConfig } from "../layers/index.ts";
import { type Architecture, refuse, residual } from "./architecture.ts";
import { bambaGguf } from "./granite-gguf.ts";
import { bambaFields, mixerSizes } from "./mixer-sizes.ts";

export const bamba: Architecture = {
  type: "bamba",
  ownType: "rivulet_bamba",
  read(json) {
    json.oneOf("hidden_act", ["silu"], "silu");
    const D = json.int("hidden_size", 4096);
    const depth = json.depth(32);
    const epsilon = json.number("rms_norm_eps", 1e-5);
    const Hq = json.int("num_attention_heads", 32);
    const P = json.int("head_dim", Math.floor(D / Hq));
    const attentionAt = new Set(json.ints("attn_layer_indices", []));
    const mixer = {
      D,
      Hq,
      Hkv: json.isNull("num_key_value_heads") ? Hq : json.int("num_key_value_heads", 8),
      P,
      rotary: rotaryConfig(json, P, { theta: 10_000, partial: 0.5 }),
      bias: json.boolean("attention_bias", false),
      outputBias: json.boolean("attention_bias", false),
    };
    const sizes = mixerSizes(json, json.int("mamba_expand", 2) * D, bambaFields);
    // A field of ours: the gated norm may span more heads than share B and C, as all did in transformers up to 5.17.
    const normGroups = json.int("mamba_norm_groups", sizes.G);
    if (sizes.G % normGroups !== 0)
      refuse("mamba_norm_groups", `expected a divisor of mamba_n_groups ${sizes.G}, got ${normGroups}`);
    const scan = {
      D,
      ...sizes,
      normWidth: (sizes.H * sizes.P) / normGroups,
      convBias: json.boolean("mamba_conv_bias", true),
      projectionBias: json.boolean("mamba_proj_bias", false),
      epsilon,
    };
    const mlp = { D, I: json.int("intermediate_size", 14_336), bias: json.boolean("mlp_bias", false) };
    return {
      D,
      V: json.int("vocab_size", 128_000),
      epsilon,
      contextLength: json.int("max_position_embeddings", 262_144),
      tied: json.boolean("tie_word_embeddings", false),
      names: { embedding: "model.embed_tokens.weight", norm: "model.final_layernorm.weight", head: "lm_head.weight" },
      blocks: Array.from({ length: depth }, (_, i) => `model.layers.${i}`).flatMap((at, i) => [
        residual(
          `${at}.input_layernorm.weight`,
          D,
          attentionAt.has(i) ? attention(`${at}.self_attn`, { ...mixer, layer: i }) : mamba2(`${at}.mamba`, scan),
        ),
        residual(`${at}.pre_ff_layernorm.weight`, D, gatedMlp(`${at}.feed_forward`, mlp)),
      ]),
    };
  },
  gguf: bambaGguf,
};
