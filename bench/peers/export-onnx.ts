/**
 * exportOnnx: a Llama GGUF as an ONNX decoder in the form that onnxruntime has the fastest kernels for: 4-bit
 * MatMulNBits in blocks of 32, GroupQueryAttention with its own rotary and cache, fused norms. Source: onnxruntime
 * `docs/ContribOperators.md`, genai's model builder.
 */
import { writeFileSync } from "node:fs";
import type { CheckpointSource } from "../../src/convert/checkpoint/checkpoint-source.ts";
import { openGguf } from "../../src/convert/gguf/source.ts";
import { OnnxGraph } from "./onnx-graph.ts";

const MICROSOFT = "com.microsoft";
const POSITIONS = 2048;

export async function exportOnnx(from: string, to: string): Promise<void> {
  const source = await openGguf(from);
  const config = source.config as Record<string, number>;
  const D = config.hidden_size!;
  const V = config.vocab_size!;
  const I = config.intermediate_size!;
  const Hq = config.num_attention_heads!;
  const Hkv = config.num_key_value_heads!;
  const P = D / Hq;
  const epsilon = { float: config.rms_norm_eps! };
  const graph = new OnnxGraph();
  const rows = (name: string, R: number) => source.rows(name, 0, R);
  const vector = async (name: string) => graph.constant("f32", [D], await rowsOfVector(source, name));
  const multiply = async (x: string, name: string, R: number, C: number) =>
    matMulNBits(graph, x, await rows(`${name}.weight`, R), C);

  const ids = graph.input("input_ids", "i64", [1, "T"]);
  const last = graph.input("last_position", "i32", [1]);
  const total = graph.input("total_length", "i32", []);
  const [cos, sin] = rotaryTables(P, config.rope_theta!).map((table) =>
    graph.constant("f32", [POSITIONS, P / 2], table),
  );
  const embedding = await rows("model.embed_tokens.weight", V);
  let stream = graph.node("Gather", [graph.constant("f32", [V, D], embedding), ids]);
  let normed = graph.node(
    "SimplifiedLayerNormalization",
    [stream, await vector("model.layers.0.input_layernorm.weight")],
    {
      axis: 2,
      epsilon,
    },
  );
  const addAndNorm = async (update: string, norm: string) => {
    const names = [`normed_${norm}`, "", "", `stream_${norm}`];
    graph.node("SkipSimplifiedLayerNormalization", [stream, update, await vector(norm)], { epsilon }, names, MICROSOFT);
    stream = names[3]!;
    normed = names[0]!;
  };
  for (let i = 0; i < config.num_hidden_layers!; i++) {
    const at = `model.layers.${i}`;
    const attention = `${at}.self_attn`;
    const q = await multiply(normed, `${attention}.q_proj`, D, D);
    const k = await multiply(normed, `${attention}.k_proj`, Hkv * P, D);
    const v = await multiply(normed, `${attention}.v_proj`, Hkv * P, D);
    const [pastKey, pastValue] = ["key", "value"].map((part) =>
      graph.input(`past_${i}_${part}`, "f32", [1, Hkv, "S", P]),
    );
    const present = ["key", "value"].map((part) => `present_${i}_${part}`);
    const mixed = graph.node(
      "GroupQueryAttention",
      [q, k, v, pastKey!, pastValue!, last, total, cos!, sin!],
      { num_heads: Hq, kv_num_heads: Hkv, do_rotary: 1 },
      [`mixed_${i}`, ...present],
      MICROSOFT,
    );
    for (const name of present) graph.output(name, "f32", [1, Hkv, "total", P]);
    await addAndNorm(await multiply(mixed, `${attention}.o_proj`, D, D), `${at}.post_attention_layernorm.weight`);
    const gate = await multiply(normed, `${at}.mlp.gate_proj`, I, D);
    const up = await multiply(normed, `${at}.mlp.up_proj`, I, D);
    const inner = graph.node("Mul", [graph.node("Mul", [gate, graph.node("Sigmoid", [gate])]), up]);
    const next =
      i + 1 < config.num_hidden_layers! ? `model.layers.${i + 1}.input_layernorm.weight` : "model.norm.weight";
    await addAndNorm(await multiply(inner, `${at}.mlp.down_proj`, D, I), next);
  }
  const row = graph.node("Gather", [normed, graph.constant("i64", [1], BigInt64Array.of(-1n))], { axis: 1 });
  graph.node("Identity", [matMulNBits(graph, row, embedding, D)], {}, ["logits"]);
  graph.output("logits", "f32", [1, 1, V]);
  await source.close();
  writeFileSync(to, graph.bytes());
}

async function rowsOfVector(source: CheckpointSource, name: string): Promise<Float32Array> {
  return source.rows(name, 0, source.tensors.get(name)![0]!);
}

/**
 * y = x · Wᵀ, W (R, C): q in 0…15 about 8, value of largest magnitude at 0; two neighbouring
 * inputs to a byte, the first one low.
 */
function matMulNBits(graph: OnnxGraph, x: string, weights: Float32Array, C: number): string {
  const R = weights.length / C;
  const blocks = C / 32;
  const packed = new Uint8Array(weights.length / 2);
  const scales = new Float32Array(R * blocks);
  for (let b = 0; b < scales.length; b++) {
    const block = weights.subarray(32 * b, 32 * b + 32);
    const scale = block.reduce((most, w) => (Math.abs(w) > Math.abs(most) ? w : most), 0) / -8;
    scales[b] = scale;
    const step = (w: number) => (scale ? Math.max(0, Math.min(15, Math.trunc(w / scale + 8.5))) : 8);
    for (let i = 0; i < 16; i++) packed[16 * b + i] = step(block[2 * i]!) | (step(block[2 * i + 1]!) << 4);
  }
  const inputs = [x, graph.constant("u8", [R, blocks, 16], packed), graph.constant("f32", [R * blocks], scales)];
  return graph.node(
    "MatMulNBits",
    inputs,
    { K: C, N: R, bits: 4, block_size: 32, accuracy_level: 4 },
    undefined,
    MICROSOFT,
  );
}

/** cos and sin (POSITIONS, P / 2). */
function rotaryTables(P: number, theta: number): Float32Array[] {
  const angle = (i: number) => Math.floor(i / (P / 2)) / theta ** ((2 * (i % (P / 2))) / P);
  return [Math.cos, Math.sin].map((turn) =>
    Float32Array.from({ length: (POSITIONS * P) / 2 }, (_, i) => turn(angle(i))),
  );
}
