/**
 * A tiny random Bamba with a tokenizer of bytes and a ChatML template, converted by the real converter: every part of
 * the product on kilobytes. The weights are drawn from a fixed seed, so the pack is always the same.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureKernels } from "../../scripts/build-wasm.ts";
import { compiledKernels } from "../../src/cli/kernels.ts";
import { chooseCache } from "../../src/convert/checkpoint/cache-choice.ts";
import { convert } from "../../src/convert/convert.ts";
import { openCheckpoint } from "../../src/convert/open-checkpoint.ts";
import { product } from "../../src/core/sizes.ts";
import { modelFrom } from "../../src/models/index.ts";

const config = {
  model_type: "bamba",
  architectures: ["BambaForCausalLM"],
  attn_layer_indices: [1],
  hidden_act: "silu",
  hidden_size: 64,
  intermediate_size: 96,
  mamba_d_conv: 4,
  mamba_d_head: 16,
  mamba_d_state: 16,
  mamba_expand: 2,
  mamba_n_groups: 1,
  mamba_n_heads: 8,
  mamba_conv_bias: true,
  mamba_proj_bias: false,
  mamba_chunk_size: 16,
  max_position_embeddings: 2048,
  num_attention_heads: 4,
  num_hidden_layers: 3,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-5,
  rope_parameters: { rope_type: "default", rope_theta: 10_000, partial_rotary_factor: 0.5 },
  tie_word_embeddings: false,
  vocab_size: 258,
  bos_token_id: 256,
  eos_token_id: 257,
};

const template =
  "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/** GPT-2's printable letter for each byte. */
function byteLetters(): string[] {
  const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

const special = (id: number, content: string) => ({
  id,
  content,
  special: true,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
});
const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
/** A tokenizer.json that knows these bytes, in this order, and the two tokens of the template behind them. */
function tokenizerOf(bytes: number[]) {
  const letters = byteLetters();
  const tokens = [...bytes.map((byte) => letters[byte]!), "<|im_start|>", "<|im_end|>"];
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: tokens.slice(-2).map((content, i) => special(bytes.length + i, content)),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(tokens.map((letter, id) => [letter, id])),
      merges: [],
    },
  };
}

/** What makes a checkpoint of so many ids one that can be talked to, with a tokenizer of these bytes. */
export const dialogueFiles = (bytes: number[]): Record<string, string> => ({
  "tokenizer.json": JSON.stringify(tokenizerOf(bytes)),
  "tokenizer_config.json": JSON.stringify({ eos_token: "<|im_end|>" }),
  "chat_template.jinja": template,
});

const isLetter = (id: number) => id === 32 || (id >= 97 && id <= 122);

/** One value of a weight that speaks. Only letters have a say in the head, so that replies can be read. */
function weightAt(name: string, i: number, random: () => number): number {
  if (name.startsWith("lm_head") && !isLetter(Math.floor(i / config.hidden_size))) return 0;
  return randomWeight(name, i, random);
}

/** One value of a weight of any size that suits its name. */
export function randomWeight(name: string, i: number, random: () => number): number {
  if (/norm\.weight$|layernorm\.weight$|\.D$/.test(name)) return 1;
  if (name.endsWith("A_log")) return Math.log(1 + (i % 16));
  return (random() - 0.5) * (name.includes("embed") ? 2 : 1.2);
}

/** A checkpoint of weights from a fixed seed. */
export function safetensors(of: Record<string, unknown> = config, valueAt: typeof weightAt = weightAt): Uint8Array {
  const shapes = new Map(modelFrom(of).weights.flatMap(({ from }) => from.map(({ name, shape }) => [name, shape])));
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const header: Record<string, object> = {};
  const parts: Float32Array[] = [];
  let at = 0;
  for (const [name, shape] of shapes) {
    const values = Float32Array.from({ length: product(shape) }, (_, i) => valueAt(name, i, random));
    header[name] = { dtype: "F32", shape, data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
    parts.push(values);
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = new BigUint64Array([BigInt(json.length)]);
  return Buffer.concat(
    [length, json, ...parts].map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength)),
  );
}

const filesOf = (of: typeof config): Record<string, string | Uint8Array> => ({
  ...dialogueFiles(Array.from({ length: 256 }, (_, byte) => byte)),
  "config.json": JSON.stringify(of),
  "model.safetensors": safetensors(),
});

/**
 * Writes the pack to `folder`/tiny, and for each number to `folder`/tiny-<number> in so
 * many stages; gives the first path.
 */
export async function tinyPack(folder: string, ...stages: number[]): Promise<string> {
  const [source, pack] = [join(folder, "tiny-source"), join(folder, "tiny")];
  mkdirSync(source, { recursive: true });
  for (const [name, content] of Object.entries(filesOf(config))) writeFileSync(join(source, name), content);
  const cache = chooseCache(config, "q4", {});
  const checkpoint = await openCheckpoint(source);
  await ensureKernels();
  const options = { dtype: "q4", name: "tiny", cache, kernels: compiledKernels() } as const;
  await convert(checkpoint, pack, options);
  for (const count of stages) await convert(checkpoint, `${pack}-${count}`, { ...options, stages: count });
  await checkpoint.close();
  rmSync(source, { recursive: true });
  return pack;
}

/**
 * The same for long texts: it takes so many tokens and attends to the last 512. Gives the path
 * of the pack, `folder`/tiny-long.
 */
export async function longTinyPack(folder: string, positions = 65_536): Promise<string> {
  const [source, pack] = [join(folder, "tiny-long-source"), join(folder, "tiny-long")];
  const long = { ...config, max_position_embeddings: positions };
  mkdirSync(source, { recursive: true });
  for (const [name, content] of Object.entries(filesOf(long))) writeFileSync(join(source, name), content);
  const checkpoint = await openCheckpoint(source);
  await convert(checkpoint, pack, {
    dtype: "q4",
    name: "tiny",
    cache: chooseCache(long, "q4", { window: 512, sinks: 4 }),
  });
  await checkpoint.close();
  rmSync(source, { recursive: true });
  return pack;
}

/** A folder of packs that lasts as long as this process. */
export async function temporaryPacks(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-packs-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  await tinyPack(folder, 2, 4);
  return folder;
}
