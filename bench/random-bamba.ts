/**
 * A random-weight Bamba of the default model's size, as a Hugging Face folder: for shape and speed
 * only, it says nothing sensible.
 *
 * node bench/random-bamba.ts <folder>, then: rivulet convert <folder> <pack> --dtype q4 --window 512 --sinks 4
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { product } from "../src/core/sizes.ts";
import { modelFrom } from "../src/models/index.ts";

const config = {
  model_type: "bamba",
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  attn_layer_indices: [2, 7, 12, 17, 22, 27],
  mamba_expand: 1,
  mamba_n_heads: 9,
  mamba_d_head: 64,
  mamba_d_state: 64,
  mamba_n_groups: 9,
  mamba_d_conv: 4,
  mamba_conv_bias: true,
  mamba_proj_bias: false,
  vocab_size: 49_152,
  tie_word_embeddings: true,
  rms_norm_eps: 1e-5,
  max_position_embeddings: 8192,
  rope_parameters: { rope_type: "default", rope_theta: 100_000, partial_rotary_factor: 1 },
};

/** xorshift32, seeded: the same folder each time. */
let word = 0x9e3779b9;
function uniform(): number {
  word ^= word << 13;
  word ^= word >>> 17;
  word ^= word << 5;
  return (word >>> 0) / 2 ** 32;
}

/** Values in the range that trained checkpoints have, so that no kernel meets denormals. */
function values(name: string, n: number): Float32Array {
  const spread = 0.035 * 2;
  if (name.endsWith("norm.weight") || name.includes("layernorm") || name.endsWith(".D"))
    return new Float32Array(n).fill(1);
  if (name.endsWith("A_log")) return Float32Array.from({ length: n }, (_, i) => Math.log(1 + (i % 16)));
  if (name.endsWith("dt_bias")) return new Float32Array(n).fill(-3);
  return Float32Array.from({ length: n }, () => (uniform() - 0.5) * spread);
}

const [folder] = commandLine({}, [1, 1]).positionals as [string];
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "config.json"), JSON.stringify(config, null, 2));

const tensors = modelFrom(config).weights.flatMap((weight) => weight.from);
let end = 0;
const header: Record<string, { dtype: string; shape: number[]; data_offsets: number[] }> = {};
for (const { name, shape } of tensors) {
  const start = end;
  end += 4 * product(shape);
  header[name] = { dtype: "F32", shape, data_offsets: [start, end] };
}
const json = Buffer.from(JSON.stringify(header));
const length = Buffer.alloc(8);
length.writeBigUInt64LE(BigInt(json.length));
const file = openSync(join(folder, "model.safetensors"), "w");
writeSync(file, length);
writeSync(file, json);
for (const { name, shape } of tensors) writeSync(file, new Uint8Array(values(name, product(shape)).buffer));
closeSync(file);
console.log(`${folder}: ${tensors.length} tensors, ${Math.round(end / 1e6)} MB`);
