/**
 * CheckpointSource: a checkpoint as the converter sees it. Implementations: safetensors/source.ts,
 * gguf/source.ts, onnx/source.ts.
 */
import type { Manifest } from "../../weights/manifest.ts";

export interface CheckpointSource {
  /** config.json as found, or what it would be. */
  readonly config: Record<string, unknown>;
  /** Shapes by checkpoint name. Tensors that the model does not know keep the file's own name. */
  readonly tensors: ReadonlyMap<string, readonly number[]>;
  /** Rows `from` ≤ row < `to` along the first dimension, as f32. A scalar has one row. */
  rows(name: string, from: number, to: number): Promise<Float32Array>;
  /** What lies beside the weights. */
  companions(): Promise<Companions>;
  /** Where it all came from; no dates, no paths. */
  provenance(signal?: AbortSignal): Promise<Manifest["provenance"]>;
  close(): Promise<void>;
}

export interface TokenizerOptions {
  /** Take the `default` splitting of text where a GGUF names an unknown one. */
  anyPre?: boolean;
  /** Leave tokenizer and template out. */
  noTokenizer?: boolean;
}

export interface Companions {
  name: string;
  licence?: string;
  /** tokenizer.json. */
  tokenizer?: Uint8Array;
  tokenizerConfig?: Manifest["tokenizerConfig"];
  template?: string;
  generation: Manifest["generation"];
}

/** Rows of a shape, and elements in each. */
export function rowsOf(shape: readonly number[]): { rows: number; width: number } {
  const [rows = 1, ...rest] = shape;
  return { rows, width: rest.reduce((n, size) => n * size, 1) };
}
