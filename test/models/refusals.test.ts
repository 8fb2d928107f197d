/** A config that Rivulet cannot run is refused, and the message names the field. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Failure } from "../../src/core/failure.ts";
import { modelFrom } from "../../src/models/index.ts";

const config = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../../models/configs/${name}.json`), "utf8"));

const refused: [name: string, changes: Record<string, unknown>, field: string][] = [
  ["bamba-9b", { model_type: "gpt2" }, "model_type"],
  ["bamba-9b", { hidden_act: "gelu" }, "hidden_act"],
  ["bamba-9b", { mamba_norm_groups: 2 }, "mamba_norm_groups"],
  ["bamba-9b", { rope_scaling: { rope_type: "yarn", factor: 4 } }, "rope_type"],
  ["bamba-9b", { hidden_size: "wide" }, "hidden_size"],
  ["bamba-9b", { num_key_value_heads: 5 }, "num_key_value_heads"],
  ["bamba-9b", { num_hidden_layers: 1e9 }, "num_hidden_layers"],
  ["falcon-h1-0.5b", { num_hidden_layers: 1e9 }, "num_hidden_layers"],
  ["lfm2-350m", { num_hidden_layers: 1e9, layer_types: null }, "num_hidden_layers"],
  ["mamba2-130m", { num_hidden_layers: 4097 }, "num_hidden_layers"],
  ["mamba2-130m", { head_dim: 32 }, "head_dim"],
  ["mamba2-130m", { n_groups: 5 }, "n_groups"],
  ["mamba2-130m", { time_step_limit: ["none", 1] }, "time_step_limit"],
  ["granite-4.0-h-350m", { position_embedding_type: "alibi" }, "position_embedding_type"],
  ["granite-4.0-h-350m", { layer_types: ["mamba"] }, "layer_types"],
  ["granite-4.0-h-350m", { num_hidden_layers: 2, layer_types: ["mamba", "conv"] }, "layer_types"],
  ["granite-4.0-h-tiny", { num_experts_per_tok: 65 }, "num_experts_per_tok"],
  ["granite-4.0-h-tiny", { intermediate_size: 500 }, "intermediate_size"],
  ["falcon-h1-0.5b", { ssm_multipliers: [1, 1, 1, 1] }, "ssm_multipliers"],
  ["falcon-h1-0.5b", { mlp_multipliers: 2 }, "mlp_multipliers"],
  ["falcon-h1-0.5b", { mamba_d_ssm: 1000 }, "mamba_d_head"],
  ["nemotron-h-8b", { attention_bias: true }, "attention_bias"],
  ["nemotron-h-8b", { sliding_window: 4096 }, "sliding_window"],
  ["nemotron-h-8b", { mlp_hidden_act: "silu" }, "mlp_hidden_act"],
  ["nemotron-h-8b", { hybrid_override_pattern: "M-X" }, "hybrid_override_pattern"],
  ["nemotron-h-8b", { hybrid_override_pattern: "ME", moe_latent_size: 512 }, "moe_latent_size"],
  ["nemotron-h-8b", { hybrid_override_pattern: "ME", n_group: 3 }, "n_group"],
  ["nemotron-h-8b", { hybrid_override_pattern: null }, "layer_types"],
  ["lfm2-350m", { layer_types: Array.from({ length: 16 }, () => "sliding_attention") }, "layer_types"],
  ["lfm2-350m", { conv_L_cache: 1 }, "conv_L_cache"],
  ["zamba2-1.2b", { tie_word_embeddings: false }, "tie_word_embeddings"],
  ["zamba2-1.2b", { use_long_context: true }, "use_long_context"],
  ["zamba2-1.2b", { hidden_act: "gelu_pytorch_tanh" }, "hidden_act"],
  ["zamba2-1.2b", { num_key_value_heads: 8 }, "num_key_value_heads"],
  ["zamba2-1.2b", { layers_block_type: null }, "layer_types"],
];

it.each(refused)("%s with %j: names the field", (name, changes, field) => {
  let thrown: unknown;
  try {
    modelFrom({ ...config(name), ...changes });
  } catch (failure) {
    thrown = failure;
  }
  expect(thrown).toBeInstanceOf(Failure);
  const { code, param, message } = thrown as Failure;
  expect(code).toBe("weights_invalid");
  expect(param).toBe(field);
  expect(message).toContain(`config.json: `);
  expect(message).toContain(`${field}: expected`);
});

it("names the tensor that would have more values than can be counted", () => {
  const change = { ...config("mamba2-130m"), vocab_size: 2 ** 52 };
  const name = "backbone.embeddings.weight";
  const expected = { code: "weights_invalid", param: name, message: expect.stringContaining(`config.json: ${name}: `) };
  expect(() => modelFrom(change)).toThrow(expect.objectContaining(expected));
});
