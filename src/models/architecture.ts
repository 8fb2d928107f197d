/**
 * An architecture is a list of residual blocks over one stream, plus embedding, final norm and head.
 *
 * From the same object come: weight names and shapes, state layout, parameter count, and the
 * forward pass (src/backends/wasm).
 */
import type { ConfigReader } from "../core/config-reader.ts";
import { Failure } from "../core/failure.ts";
import { product } from "../core/sizes.ts";
import { type Layer, matrix, type StateSpec, vector, type WeightSpec } from "../layers/layer.ts";

/** x ← x + scale · Σ layer(norm(x)). */
export interface Block {
  /** Undefined: the layers read the stream itself. */
  norm?: WeightSpec;
  layers: Layer[];
}

export interface Shape {
  D: number;
  V: number;
  /** Epsilon of the block norms and the final norm. */
  epsilon: number;
  /** Positions that the checkpoint was made for. */
  contextLength: number;
  tied: boolean;
  blocks: Block[];
  /** `norm` is the final norm's tensor, or its spec where the checkpoint stores it otherwise (`zeroCentred`). */
  names: { embedding: string; norm: string | WeightSpec; head: string };
  scale?: { embedding?: number; residual?: number; logits?: number };
}

export interface Model extends Shape {
  type: string;
  /**
   * It begins with the embedding, it ends with the final norm and the head; a stage in
   * between does neither (stages.ts).
   */
  entry: boolean;
  exit: boolean;
  /** Some layer of the whole model reads the embedding, so it travels with the stream. */
  carriesEmbedding: boolean;
  embedding: WeightSpec;
  finalNorm: WeightSpec;
  /** Undefined when the head is tied to the embedding. */
  head: WeightSpec | undefined;
  weights: WeightSpec[];
  state: StateSpec[];
  parameters: number;
}

/** Fields of config.json. */
export type GgufConfig = Readonly<Record<string, unknown>>;

/** What a GGUF file says: its metadata, and its tensors' shapes by name, slowest dimension first. */
export interface GgufFile {
  meta: ReadonlyMap<string, unknown>;
  tensors: ReadonlyMap<string, readonly number[]>;
}

/** A value of metadata, with its type where JavaScript has only one. */
export type GgufValue = string | boolean | { u32: number } | { f32: number } | { i32s: readonly number[] };

/** Where a tensor of the checkpoint lies in a file. */
export interface GgufPart {
  /** Behind another along rows where there are several; of three dimensions, for each index of the first. */
  names: readonly string[];
  /** Row of the checkpoint → row of the file; likewise columns. */
  row?: (row: number) => number;
  column?: (column: number) => number;
  /** Each value on its way out of a file, and into one. */
  read?: (value: number) => number;
  write?: (value: number) => number;
  /** Shape in the file, of the checkpoint's. */
  shape?: (shape: readonly number[]) => number[];
}

/** How a GGUF file of this architecture spells the same model. */
export interface Gguf {
  /** `general.architecture` of such files. */
  architecture: string;
  /** Where several architectures share that: whether this file is one of ours. */
  claims?(file: GgufFile): boolean;
  /** The file → the fields of config.json. */
  config(file: GgufFile): Record<string, unknown>;
  /**
   * The model → metadata, without the architecture's prefix. Fails with `request_invalid` for
   * what llama.cpp has no form of.
   */
  metadata(config: GgufConfig, model: Model): Record<string, GgufValue>;
  /** Where a tensor of the checkpoint lies, or undefined when GGUF has no such tensor. */
  part(name: string, config: GgufConfig): GgufPart | undefined;
}

/** How checkpoints spell what the model knows by other names. Source: transformers `conversion_mapping.py`. */
export interface Spelling {
  /** Replaced in tensor names, in this order. */
  rename?: readonly [pattern: RegExp, replacement: string][];
  /** End of a tensor's name → the ends of those that make it, one after the other along rows. */
  join?: Readonly<Record<string, readonly string[]>>;
  /** Tensors that have no part in the text model. */
  ignore?: readonly RegExp[];
}

export interface Architecture {
  /** `model_type` in config.json, and the file's name. */
  type: string;
  /**
   * `model_type` of checkpoints that `rivulet export` writes with modelling code, since transformers' own
   * class would compute something else.
   */
  ownType?: string;
  /** `model_type` of checkpoints that hold this one as their text model (`text_config`). */
  wrappedBy?: readonly string[];
  spelling?: Spelling;
  read(config: ConfigReader): Shape;
  gguf?: Gguf;
}

const normSpec = (norm: string | WeightSpec, D: number): WeightSpec =>
  typeof norm === "string" ? vector(norm, [D]) : norm;

export const residual = (norm: string | WeightSpec, D: number, ...layers: Layer[]): Block => ({
  norm: normSpec(norm, D),
  layers,
});

/** Fails with `weights_invalid`, naming the field of config.json. */
export function refuse(field: string, message: string): never {
  throw new Failure("weights_invalid", `config.json: ${field}: ${message}`, { param: field });
}

/** Experts are slices of one matrix, which is stored in groups of eight rows. */
export function wholeGroups(sizes: Record<string, number>): void {
  for (const [field, size] of Object.entries(sizes))
    if (size % 8 !== 0) refuse(field, `expected a multiple of 8 with experts, got ${size}`);
}

/** Builds the model that a config describes. Fails with `weights_invalid`, naming the field. */
export function build(architecture: Architecture, config: ConfigReader): Model {
  const shape = architecture.read(config);
  const { D, V, names } = shape;
  const embedding = matrix(names.embedding, V, D);
  const finalNorm = normSpec(names.norm, D);
  const head = shape.tied ? undefined : matrix(names.head, V, D);
  const carriesEmbedding = shape.blocks.some(({ layers }) => layers.some(({ readsEmbedding }) => readsEmbedding));
  const ends = { entry: true, exit: true, carriesEmbedding };
  return derived({ ...shape, ...ends, type: architecture.type, embedding, finalNorm, head });
}

/** Adds what follows from the blocks and from which ends the model has. */
export function derived(parts: Omit<Model, "weights" | "state" | "parameters">): Model {
  const { entry, exit, embedding, finalNorm, head } = parts;
  const blocks = parts.blocks.flatMap(({ norm, layers }) => [
    ...(norm ? [norm] : []),
    ...layers.flatMap((layer) => layer.weights),
  ]);
  const ends = exit ? [...(entry || head ? [] : [embedding]), finalNorm, ...(head ? [head] : [])] : [];
  // Blocks may share weights; each is stored once.
  const all = [...(entry ? [embedding] : []), ...blocks, ...ends];
  const weights = [...new Map(all.map((weight) => [weight.name, weight])).values()];
  return {
    ...parts,
    weights,
    state: parts.blocks.flatMap((block) => block.layers.flatMap((layer) => layer.state)),
    parameters: weights.reduce((n, weight) => n + elements(weight), 0),
  };
}

function elements({ name, shape }: WeightSpec): number {
  try {
    return product(shape);
  } catch (cause) {
    throw new Failure("weights_invalid", `config.json: ${name}: ${(cause as Error).message}`, { param: name, cause });
  }
}
