/** A tiny random forecaster: what it expects is of no use, and it keeps every promise that does not depend on that. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chooseCache } from "../../src/convert/checkpoint/cache-choice.ts";
import { convert } from "../../src/convert/convert.ts";
import { openCheckpoint } from "../../src/convert/open-checkpoint.ts";
import { randomWeight, safetensors } from "./tiny-pack.ts";

const config = {
  model_type: "bamba",
  architectures: ["BambaForCausalLM"],
  attn_layer_indices: [1],
  hidden_act: "silu",
  hidden_size: 32,
  intermediate_size: 64,
  mamba_d_conv: 4,
  mamba_d_head: 16,
  mamba_d_state: 16,
  mamba_expand: 2,
  mamba_n_groups: 1,
  mamba_n_heads: 4,
  mamba_conv_bias: true,
  mamba_proj_bias: false,
  mamba_chunk_size: 16,
  max_position_embeddings: 128,
  num_attention_heads: 2,
  num_hidden_layers: 2,
  num_key_value_heads: 1,
  rms_norm_eps: 1e-5,
  rope_parameters: { rope_type: "default", rope_theta: 2000, partial_rotary_factor: 1 },
  tie_word_embeddings: true,
  vocab_size: 512,
  bos_token_id: 0,
  eos_token_id: 2,
  rivulet_cache: { window: 96, sinks: 0 },
  rivulet_forecast: {
    ...{ version: 1, begin: 0, gap: 1, end: 2, first: 3, bins: 509, limit: 6 },
    ...{ window: 192, reach: 10, floor: 1e-9 },
  },
};

/** Writes the pack to `folder`/tiny-forecast, and gives its path. */
export async function tinyForecaster(folder: string): Promise<string> {
  const [source, pack] = [join(folder, "tiny-forecast-source"), join(folder, "tiny-forecast")];
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, "config.json"), JSON.stringify(config));
  writeFileSync(join(source, "model.safetensors"), safetensors(config, randomWeight));
  const checkpoint = await openCheckpoint(source);
  await convert(checkpoint, pack, { dtype: "q8", name: "tiny-forecast", cache: chooseCache(config, "q8", {}) });
  await checkpoint.close();
  rmSync(source, { recursive: true });
  return pack;
}
