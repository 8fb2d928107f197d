/**
 * The definition of a Llama whose layers see different parts of the past: plain loops in f64 over
 * whole sequences, without any cache.
 *
 * A token at position p of a layer with `sinks` and `window` sees the positions j < sinks and j > p − window. Towards
 * the sinks its query is turned to position min(p, sinks + window − 1).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CacheLayout } from "../../src/layers/layer.ts";

type View = Pick<CacheLayout, "sinks" | "window">;
type Row = Float64Array;

interface Config {
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  rms_norm_eps: number;
  rope_parameters: { rope_theta: number };
  tie_word_embeddings: boolean;
}

/** Weights of a folder with config.json and model.safetensors (f32), as rows. */
export function readLlama(folder: string) {
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Config;
  const bytes = readFileSync(join(folder, "model.safetensors"));
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, end)) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  const matrix = (name: string): Row[] => {
    const { shape, data_offsets } = header[name]!;
    const width = shape.at(-1)!;
    const values = new Float32Array(
      Uint8Array.from(bytes.subarray(end + data_offsets[0], end + data_offsets[1])).buffer,
    );
    return Array.from({ length: values.length / width }, (_, r) =>
      Float64Array.from(values.subarray(r * width, (r + 1) * width)),
    );
  };
  return { config, matrix };
}

/** Logits (T, V). */
export function logitsOf(llama: ReturnType<typeof readLlama>, tokens: Uint32Array, viewOf: (layer: number) => View) {
  const { config, matrix } = llama;
  const epsilon = config.rms_norm_eps;
  const embedding = matrix("model.embed_tokens.weight");
  let stream = Array.from(tokens, (id) => embedding[id]!);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}`;
    const read = (name: string) => matrix(`${at}.${name}.weight`);
    const [before, after] = [read("input_layernorm")[0]!, read("post_attention_layernorm")[0]!];
    const normed = stream.map((x) => rmsNorm(x, before, epsilon));
    const [q, k, v] = ["q", "k", "v"]
      .map((part) => read(`self_attn.${part}_proj`))
      .map((w) => normed.map((x) => times(w, x)));
    const mixed = attend(config, q!, k!, v!, viewOf(layer));
    const output = read("self_attn.o_proj");
    stream = stream.map((x, t) => plus(x, times(output, mixed[t]!)));
    const [gate, up, down] = ["gate", "up", "down"].map((part) => read(`mlp.${part}_proj`));
    stream = stream.map((x) => {
      const y = rmsNorm(x, after, epsilon);
      const opened = times(up!, y);
      return plus(
        x,
        times(
          down!,
          times(gate!, y).map((g, i) => (g / (1 + Math.exp(-g))) * opened[i]!),
        ),
      );
    });
  }
  const norm = matrix("model.norm.weight")[0]!;
  const head = config.tie_word_embeddings ? embedding : matrix("lm_head.weight");
  return Float64Array.from(stream.flatMap((x) => [...times(head, rmsNorm(x, norm, epsilon))]));
}

function attend(config: Config, q: Row[], k: Row[], v: Row[], { sinks, window }: View): Row[] {
  const { num_attention_heads: Hq, num_key_value_heads: Hkv, head_dim: P } = config;
  const theta = config.rope_parameters.rope_theta;
  const headOf = (row: Row, h: number) => row.subarray(h * P, (h + 1) * P);
  const at = (row: Row, h: number, position: number) => turned(headOf(row, h), position, theta);
  const keys = k.map((key, j) => Array.from({ length: Hkv }, (_, h) => at(key, h, j)));
  return q.map((query, p) => {
    const seen = Array.from({ length: p + 1 }, (_, j) => j).filter((j) => j < sinks || j > p - window);
    const out = new Float64Array(Hq * P);
    for (let h = 0; h < Hq; h++) {
      const shared = Math.floor(h / (Hq / Hkv));
      const [near, towardsSinks] = [at(query, h, p), at(query, h, Math.min(p, sinks + window - 1))];
      const scores = seen.map((j) => dot(j < sinks ? towardsSinks : near, keys[j]![shared]!) / Math.sqrt(P));
      const most = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - most));
      const sum = weights.reduce((a, b) => a + b);
      seen.forEach((j, i) => {
        headOf(v[j]!, shared).forEach((value, n) => {
          out[h * P + n]! += (weights[i]! / sum) * value;
        });
      });
    }
    return out;
  });
}

/** Rotary position of one head: the halves are pairs. */
function turned(x: Row, position: number, theta: number): Row {
  const half = x.length / 2;
  return x.map((value, i) => {
    const angle = position * theta ** (-(i % half) / half);
    const other = i < half ? -x[i + half]! : x[i - half]!;
    return value * Math.cos(angle) + other * Math.sin(angle);
  });
}

function rmsNorm(x: Row, w: Row, epsilon: number): Row {
  const unit = 1 / Math.sqrt(dot(x, x) / x.length + epsilon);
  return x.map((value, i) => value * unit * w[i]!);
}

const times = (rows: Row[], x: Row): Row => Float64Array.from(rows, (row) => dot(row, x));
const plus = (x: Row, y: Row): Row => x.map((value, i) => value + y[i]!);
const dot = (a: Row, b: Row): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
