/**
 * Nemotron-H: one mixer per block, which is Mamba-2, attention without positions, an MLP with
 * squared relu, or a mixture of those.
 *
 * Source: transformers `models/nemotron_h`; checkpoints nvidia/Nemotron-H-8B-Base-8K and later ones,
 * whose names begin with `backbone`.
 * Golden: test/golden/nemotron_h-*, from training/golden.py.
 */
import type { ConfigReader } from "../core/config-reader.ts";
import {
  attention,
  experts,
  type Layer,
  largest,
  mamba2,
  matrix,
  type Route,
  relu2Mlp,
  stacked,
  vector,
} from "../layers/index.ts";
import { type Architecture, type Block, refuse, residual, wholeGroups } from "./architecture.ts";
import { nemotronGguf } from "./hybrid-gguf.ts";
import { layerTypes } from "./layer-types.ts";
import { mixerSizes } from "./mixer-sizes.ts";

export const nemotron_h: Architecture = {
  type: "nemotron_h",
  read(json) {
    json.oneOf("mamba_hidden_act", ["silu"], "silu");
    json.oneOf("mlp_hidden_act", ["relu2"], "relu2");
    if (json.boolean("attention_bias", false)) refuse("attention_bias", "expected false, got true");
    if (json.has("sliding_window")) refuse("sliding_window", "expected null: attention sees every position");
    const D = json.int("hidden_size", 4096);
    const epsilon = json.number("layer_norm_epsilon", 1e-5);
    const Hq = json.int("num_attention_heads", 32);
    const mixer = {
      D,
      Hq,
      Hkv: json.isNull("num_key_value_heads") ? Hq : json.int("num_key_value_heads", 8),
      P: json.int("head_dim", json.int("attention_head_dim", 128)),
      bias: false,
      outputBias: false,
    };
    const scan = scanConfig(json, D, epsilon);
    const mlp = { D, I: json.int("intermediate_size", 21_504), bias: json.boolean("mlp_bias", false) };
    const layers = {
      mamba: (at: string) => [mamba2(at, scan)],
      attention: (at: string, layer: number) => [attention(at, { ...mixer, layer })],
      mlp: (at: string) => [relu2Mlp(at, mlp)],
      moe: (at: string) => mixture(json, at, D, mlp.bias),
    };
    return {
      D,
      V: json.int("vocab_size", 131_072),
      epsilon,
      contextLength: json.int("max_position_embeddings", 4096),
      tied: json.boolean("tie_word_embeddings", false),
      names: { embedding: "backbone.embeddings.weight", norm: "backbone.norm_f.weight", head: "lm_head.weight" },
      blocks: blockTypes(json).map((type, i): Block => {
        const at = `backbone.layers.${i}`;
        return residual(`${at}.norm.weight`, D, ...layers[type](`${at}.mixer`, i));
      }),
    };
  },
  gguf: nemotronGguf,
};

const letters = { M: "mamba", "*": "attention", "-": "mlp", E: "moe" } as const;
type BlockType = (typeof letters)[keyof typeof letters];

/** From a list, or from the pattern that older checkpoints hold, one letter per block. */
function blockTypes(json: ConfigReader): BlockType[] {
  const field = "hybrid_override_pattern";
  if (json.has("layers_block_type") || json.has("layer_types") || !json.has(field))
    return layerTypes(json, Object.values(letters));
  return [...json.string(field)].map((letter) => {
    if (!Object.hasOwn(letters, letter))
      refuse(field, `expected letters ${Object.keys(letters).join(" ")}, got ${letter}`);
    return letters[letter as keyof typeof letters];
  });
}

function scanConfig(json: ConfigReader, D: number, epsilon: number) {
  const H = json.int("mamba_num_heads", 128);
  const sizes = mixerSizes(json, H * json.int("mamba_head_dim", 64), {
    H: ["mamba_num_heads", 128],
    P: ["mamba_head_dim", 64],
    G: ["n_groups", 8],
    N: ["ssm_state_size", 128],
    K: ["conv_kernel", 4],
  });
  return {
    D,
    ...sizes,
    // transformers clamps at the least step of the initialisation, and not above.
    dtLow: json.number("time_step_min", 0.001),
    dtHigh: Infinity,
    convBias: json.boolean("use_conv_bias", true),
    projectionBias: json.boolean("use_bias", false),
    epsilon,
  };
}

function mixture(json: ConfigReader, at: string, D: number, bias: boolean): Layer[] {
  if (json.has("moe_latent_size")) refuse("moe_latent_size", "expected null: experts read the stream itself");
  const E = json.int("n_routed_experts", 8);
  const I = json.int("moe_intermediate_size", 7688);
  wholeGroups({ hidden_size: D, moe_intermediate_size: I });
  const each = (kind: string, rows: number) =>
    Array.from({ length: E }, (_, e) => ({ name: `${at}.experts.${e}.${kind}_proj.weight`, rows }));
  const tensors = {
    router: matrix(`${at}.gate.weight`, E, D),
    bias: vector(`${at}.gate.e_score_correction_bias`, [E]),
    up: stacked("matrix", `${at}.experts.up_proj.weight`, each("up", I), D),
    down: stacked("matrix", `${at}.experts.down_proj.weight`, each("down", D), I),
  };
  const shared = { D, I: json.int("moe_shared_expert_intermediate_size", 7688), bias };
  return [
    experts({ D, I, E, activation: "relu2", route: router(json, E), tensors }),
    relu2Mlp(`${at}.shared_experts`, shared),
  ];
}

/** Sigmoid scores; the bias moves the choice, not the weights. Of `n_group` groups only the best take part. */
function router(json: ConfigReader, E: number): Route {
  const k = json.int("num_experts_per_tok", 2);
  const groups = json.int("n_group", 1);
  const open = json.int("topk_group", 1);
  const factor = json.number("routed_scaling_factor", 1);
  const normalised = json.boolean("norm_topk_prob", true);
  if (E % groups !== 0) refuse("n_group", `expected a divisor of n_routed_experts ${E}, got ${groups}`);
  if (k > (E / groups) * open) refuse("num_experts_per_tok", `expected at most ${(E / groups) * open}, got ${k}`);
  return (logits, bias, softmax) => {
    const scores = Array.from(logits, (x) => softmax([x, 0])[0]!);
    const biased = scores.map((score, e) => score + bias[e]!);
    const best = Array.from({ length: groups }, (_, g) => {
      const own = biased.slice((g * E) / groups, ((g + 1) * E) / groups);
      return largest(own, 2).reduce((sum, e) => sum + own[e]!, 0);
    });
    const allowed = new Set(largest(best, open));
    const chosen = largest(
      biased.map((score, e) => (allowed.has(Math.floor((e * groups) / E)) ? score : -Infinity)),
      k,
    );
    const sum = normalised ? chosen.reduce((total, e) => total + scores[e]!, 1e-20) : 1;
    return chosen.map((expert) => ({ expert, weight: (scores[expert]! / sum) * factor }));
  };
}
