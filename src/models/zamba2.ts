/**
 * Zamba2: Mamba-2 layers, some of which first add what one of a few shared transformer blocks makes
 * of the stream and the embedding.
 *
 * Uses of a shared block differ by low-rank adapters. Source: transformers `models/zamba2`; checkpoints
 * Zyphra/Zamba2-1.2B, -2.7B, -7B.
 * Golden: test/golden/zamba2-*, from training/golden.py.
 */
import type { ConfigReader } from "../core/config-reader.ts";
import { attention, gatedMlp, mamba2, rotaryConfig, sharedBlock } from "../layers/index.ts";
import { type Architecture, type Block, refuse, residual } from "./architecture.ts";
import { layerTypes } from "./layer-types.ts";
import { mixerSizes } from "./mixer-sizes.ts";

export const zamba2: Architecture = {
  type: "zamba2",
  read(json) {
    if (json.boolean("use_long_context", false)) refuse("use_long_context", "expected false, got true");
    // transformers ties the shared blocks only together with the head.
    if (!json.boolean("tie_word_embeddings", true)) refuse("tie_word_embeddings", "expected true, got false");
    const D = json.int("hidden_size", 2560);
    const epsilon = json.number("rms_norm_eps", 1e-5);
    const bias = json.boolean("add_bias_linear", false);
    const scan = {
      D,
      ...mixerSizes(json, json.int("mamba_expand", 2) * D, {
        H: ["n_mamba_heads", 8],
        P: ["mamba_headdim"],
        G: ["mamba_ngroups", 1],
        N: ["mamba_d_state", 64],
        K: ["mamba_d_conv", 4],
      }),
      dtLow: json.number("time_step_min", 0.001),
      dtHigh: Infinity,
      convBias: true,
      projectionBias: bias,
      epsilon: 1e-5,
    };
    const types = layerTypes(json, ["mamba", "hybrid"], json.depth(54));
    const uses = types.flatMap((type, i) => (type === "hybrid" ? [i] : []));
    const shared = json.int("num_mem_blocks", 1);
    return {
      D,
      V: json.int("vocab_size", 32_000),
      epsilon,
      contextLength: json.int("max_position_embeddings", 4096),
      tied: true,
      names: { embedding: "model.embed_tokens.weight", norm: "model.final_layernorm.weight", head: "lm_head.weight" },
      blocks: types.map((type, i): Block => {
        const at = `model.layers.${i}`;
        if (type === "mamba") return residual(`${at}.input_layernorm.weight`, D, mamba2(`${at}.mamba`, scan));
        const use = uses.indexOf(i);
        // The weights lie at the first depth that uses this block.
        const block = `model.layers.${uses[use % shared]}.shared_transformer`;
        const layer = sharedBlock({
          D,
          epsilon,
          attention: sharedAttention(json, block, D, use, { name: `${at}.shared_transformer.self_attn`, layer: i }),
          mlp: sharedMlp(json, block, D, use, bias),
          mixer: mamba2(`${at}.mamba_decoder.mamba`, scan),
          names: {
            attention: `${block}.input_layernorm.weight`,
            mlp: `${block}.pre_ff_layernorm.weight`,
            mixer: `${at}.mamba_decoder.input_layernorm.weight`,
            linear: `${at}.linear.weight`,
          },
        });
        return { layers: [layer] };
      }),
    };
  },
};

function sharedAttention(
  json: ConfigReader,
  block: string,
  D: number,
  use: number,
  cache: { name: string; layer: number },
) {
  const at = `${block}.self_attn`;
  const Hq = json.int("num_attention_heads", 32);
  const Hkv = json.int("num_key_value_heads", Hq);
  const P = Math.floor((2 * D) / Hq);
  const rank = json.int("adapter_rank", 128);
  const adapted = json.boolean("use_shared_attention_adapter", false);
  if (adapted && (Hkv !== Hq || Hq * P !== 2 * D))
    refuse("num_key_value_heads", `expected num_attention_heads ${Hq} with adapters, got ${Hkv}`);
  return attention(at, {
    D,
    input: 2 * D,
    Hq,
    Hkv,
    P,
    ...(json.boolean("use_mem_rope", false) ? { rotary: rotaryConfig(json, P, { theta: 10_000, partial: 1 }) } : {}),
    bias: false,
    outputBias: false,
    scale: 1 / Math.sqrt(P / 2),
    cache: cache.name,
    layer: cache.layer,
    ...(adapted
      ? {
          adapter: lowRank(
            `${at}.adapters.${use}.down`,
            rank,
            use,
            ["q", "k", "v"].map((part) => ({ at: `${at}.linear_${part}_adapter_list`, rows: 2 * D })),
          ),
        }
      : {}),
  });
}

function sharedMlp(json: ConfigReader, block: string, D: number, use: number, bias: boolean) {
  const at = `${block}.feed_forward`;
  const I = json.has("intermediate_size") ? json.int("intermediate_size") : 4 * D;
  return gatedMlp(at, {
    D,
    I,
    bias,
    activation: json.oneOf("hidden_act", ["gelu", "silu"], "gelu"),
    names: { gateUp: ["gate_up_proj"], down: "down_proj" },
    adapter: lowRank(`${at}.adapters.${use}.down`, json.int("adapter_rank", 128), use, [
      { at: `${at}.gate_up_proj_adapter_list`, rows: 2 * I },
    ]),
  });
}

const lowRank = (name: string, rank: number, use: number, lists: { at: string; rows: number }[]) => ({
  name,
  rank,
  parts: lists.map(({ at, rows }) => ({ down: `${at}.${use}.0.weight`, up: `${at}.${use}.1.weight`, rows })),
});
