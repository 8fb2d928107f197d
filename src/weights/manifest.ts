/**
 * A pack's manifest.json: what the model is, where each tensor lies, and the hash of everything beside it.
 *
 * The payload is one byte stream, cut into shards of at most 24 MiB (a tensor may go on in the next shard). It is
 * laid out exactly as it stands in WebAssembly memory, so loading is a copy. The model's fingerprint is the
 * SHA-256 of the manifest's bytes.
 */
import * as z from "zod";
import { dtypes } from "../core/dtype.ts";

export const PACK_VERSION = 1;
export const SHARD_MAX_BYTES = 24 * 1024 * 1024;
/** Every tensor starts at a multiple of this in the payload. */
export const TENSOR_ALIGN = 64;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const size = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const fileName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/);
const tokenId = z.number().int().min(0).max(0xffffffff);

const file = z.strictObject({ file: fileName, bytes: size, sha256 });

const tensorEntry = z.strictObject({
  name: z.string().min(1).max(256),
  /**
   * Matrices (R, C) lie in kernel order, vectors are plain f32, files (only of ONNX packs;
   * shape: bytes) are as they were.
   */
  kind: z.enum(["matrix", "vector", "file"]),
  dtype: z.enum(dtypes),
  shape: z.array(size.min(1)).min(1).max(4),
  shard: size,
  /** Bytes from the start of that shard. */
  offset: size,
  bytes: size,
});

export const WINDOW_MAX = 1 << 20;
const window = size.min(1).max(WINDOW_MAX);

const cachePolicy = z.strictObject({
  /** `full` keeps every position; `window` keeps `sinks` first positions and the last `window`. */
  policy: z.enum(["full", "window"]),
  sinks: size.max(1024).default(0),
  window: window.optional(),
  /** Windows of single attention layers, by the layer's index in the checkpoint. */
  windows: z.record(z.string().regex(/^(0|[1-9]\d{0,3})$/, "expected the index of a layer"), window).optional(),
  dtype: z.enum(["f32", "int8"]),
});

export const onnxInputs = ["input_ids", "attention_mask", "position_ids", "num_logits_to_keep"] as const;

const onnxName = z.string().min(1).max(256);

/** A decoder as an ONNX graph instead of tensors: docs/onnx.md. */
const onnxDecoder = z.strictObject({
  /** Name of the graph among `tensors`; the others are its external data. */
  graph: onnxName,
  inputs: z.array(z.enum(onnxInputs)).min(1),
  vocab: size.min(1),
  /** Float32 tensors that go in as `past` and come out as `present`; axis `grows` is as long as the tokens held. */
  state: z
    .array(
      z.strictObject({
        past: onnxName,
        present: onnxName,
        shape: z
          .array(size.max(1 << 24))
          .min(2)
          .max(4),
        grows: size.min(1).max(3).optional(),
      }),
    )
    .min(1)
    .max(10_000),
});

/** `from` ≤ i < `to`. */
const range = z.tuple([size, size]);

/**
 * One stage of a divided model: its blocks, and which tensors and shards are its own. A tensor that
 * two stages need is stored twice.
 */
const stageEntry = z.strictObject({ blocks: range, tensors: range, shards: range });

export const manifestSchema = z.strictObject({
  format: z.literal("rivulet-pack"),
  version: z.literal(PACK_VERSION),
  name: z.string().min(1).max(128),
  /** `type` is the architecture (`model_type`); `config` the checkpoint's config.json as found. */
  model: z.strictObject({ type: z.string().min(1).max(64), config: z.record(z.string(), z.json()) }),
  dtype: z.enum(dtypes),
  parameters: size,
  tensors: z.array(tensorEntry).min(1).max(100_000),
  onnx: onnxDecoder.optional(),
  /** For models larger than one isolate, in the order in which the stream passes. */
  stages: z.array(stageEntry).min(2).max(1024).optional(),
  shards: z.array(file).min(1).max(10_000),
  tokenizer: file.optional(),
  /** tokenizer_config.json fields that matter when text is encoded (bos/eos tokens, add_bos_token, …). */
  tokenizerConfig: z.record(z.string(), z.json()).optional(),
  template: file.optional(),
  generation: z.strictObject({
    eos: z.array(tokenId).max(64),
    bos: tokenId.optional(),
    temperature: z.number().min(0).max(10).optional(),
    topP: z.number().min(0).max(1).optional(),
    topK: size.optional(),
    repetitionPenalty: z.number().positive().optional(),
    systemPrompt: z.string().max(100_000).optional(),
  }),
  cache: cachePolicy,
  contextLength: size.min(1),
  licence: z.string().max(200).optional(),
  provenance: z.record(z.string(), z.json()),
  quality: z.record(z.string(), z.json()).optional(),
  /**
   * SHA-256 of the logits after these ids, of kernels that give bits of this kind
   * (src/backends/golden.ts). Absent in packs of before.
   */
  golden: z.strictObject({ numerics: size, ids: z.array(tokenId).min(1).max(64), sha256 }).optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type TensorEntry = z.infer<typeof tensorEntry>;
export type StageEntry = z.infer<typeof stageEntry>;
export type OnnxDecoder = z.infer<typeof onnxDecoder>;
export type CachePolicy = z.infer<typeof cachePolicy>;
