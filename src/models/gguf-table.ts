/**
 * ggufTable: how GGUF files spell an architecture, from a table of names: which tensor lies where, in which order of
 * rows and columns, changed how.
 *
 * The same table is read both ways: by conversion from a file, and by export into one. Source: llama.cpp
 * `gguf-py/gguf/tensor_mapping.py` and its converters (`conversion/`).
 */
import type { Gguf, GgufConfig, GgufFile, GgufPart } from "./architecture.ts";

type Config = GgufConfig;

/**
 * A tensor of a layer, by its name behind `model.layers.N.`: its name in the file behind `blk.N.`, or more than that.
 */
export type TableEntry = string | ((config: Config) => GgufPart);

interface GgufTableOptions {
  /** `general.architecture`, which is also the prefix of the metadata's keys. */
  architecture: string;
  /** What stands before the number of a layer. */
  layers?: string;
  outer: Readonly<Record<string, TableEntry>>;
  parts: Readonly<Record<string, TableEntry>>;
  claims?: Gguf["claims"];
  config: Gguf["config"];
  metadata: Gguf["metadata"];
}

export function ggufTable(options: GgufTableOptions): Gguf {
  const { architecture, layers = "model.layers", outer, parts, claims, config, metadata } = options;
  return {
    architecture,
    ...(claims ? { claims } : {}),
    config,
    metadata,
    part(name, found) {
      const own = outer[name];
      if (own !== undefined) return typeof own === "string" ? { names: [own] } : own(found);
      if (!name.startsWith(`${layers}.`)) return undefined;
      const [, index, rest] = /^(\d+)\.(.+)$/.exec(name.slice(layers.length + 1)) ?? [];
      const entry = rest === undefined ? undefined : parts[rest];
      if (entry === undefined) return undefined;
      const part = typeof entry === "string" ? { names: [entry] } : entry(found);
      return { ...part, names: part.names.map((one) => `blk.${index}.${one}`) };
    },
  };
}

/** A weight and its bias, for a table. */
export const both = (name: string, to: string): Record<string, TableEntry> => ({
  [`${name}.weight`]: `${to}.weight`,
  [`${name}.bias`]: `${to}.bias`,
});

/** Rows of heads whose two halves a file holds interleaved (llama.cpp's `LlamaModel.permute`), of weight and bias. */
export const interleaved = (name: string, to: string): Record<string, TableEntry> =>
  Object.fromEntries(
    ["weight", "bias"].map((kind) => [
      `${name}.${kind}`,
      (config) => ({ names: [`${to}.${kind}`], row: halvesApart(headWidth(config)) }),
    ]),
  );

function halvesApart(P: number): (row: number) => number {
  return (row) => {
    const at = row % P;
    return row - at + (at < P / 2 ? 2 * at : 2 * (at - P / 2) + 1);
  };
}

const headWidth = (config: Config): number =>
  Number(config.head_dim ?? Number(config.hidden_size) / Number(config.num_attention_heads));

/** Norms that a file holds as they multiply, and the checkpoint as their distance from one. */
export const fromOne = (name: string, to: string): Record<string, TableEntry> => ({
  [`${name}.weight`]: () => ({ names: [`${to}.weight`], read: (x) => x - 1, write: (x) => x + 1 }),
});

/** A Mamba-2 mixer under `at`. `groups`: the field of config.json that counts them. */
export function mixerParts(at: string, groups: string): Record<string, TableEntry> {
  const column =
    (to: string, more: Partial<GgufPart> = {}): TableEntry =>
    () => ({
      names: [to],
      shape: ([H = 1]) => [H, 1],
      ...more,
    });
  return {
    ...both(`${at}.in_proj`, "ssm_in"),
    [`${at}.conv1d.weight`]: () => ({ names: ["ssm_conv1d.weight"], shape: ([C = 1, , K = 1]) => [C, K] }),
    [`${at}.conv1d.bias`]: "ssm_conv1d.bias",
    [`${at}.dt_bias`]: "ssm_dt.bias",
    [`${at}.A_log`]: column("ssm_a", { read: (a) => Math.log(-a), write: (a) => -Math.exp(a) }),
    [`${at}.D`]: column("ssm_d"),
    [`${at}.norm.weight`]: (config) => ({
      names: ["ssm_norm.weight"],
      shape: ([n = 1]) => [Number(config[groups] ?? 1), n / Number(config[groups] ?? 1)],
    }),
    ...both(`${at}.out_proj`, "ssm_out"),
  };
}

/** Fields of a Mamba-2 mixer by the names that `fields` gives them. */
export function mixerConfig(get: (key: string) => unknown, fields: Record<"H" | "P" | "N" | "G" | "K", string>) {
  const [inner, H] = ["ssm.inner_size", "ssm.time_step_rank"].map((key) => Number(get(key)));
  return {
    [fields.H]: H,
    [fields.P]: inner! / H!,
    [fields.N]: get("ssm.state_size"),
    [fields.G]: get("ssm.group_count"),
    [fields.K]: get("ssm.conv_kernel"),
  };
}

/** Reads metadata under an architecture's prefix. */
export const under =
  (architecture: string, { meta }: Pick<GgufFile, "meta">) =>
  (key: string): unknown =>
    meta.get(`${architecture}.${key}`);

/** Rows of a tensor of the file, which state a size that its metadata may not. */
export const rows = ({ tensors }: GgufFile, name: string): number | undefined => tensors.get(name)?.[0];

export const hasTensor = ({ tensors }: GgufFile, part: string): boolean =>
  [...tensors.keys()].some((name) => name.endsWith(part));

/** By layer: the kind whose tensor is there. */
export function kindsOf<T extends string>(
  file: GgufFile,
  depth: number,
  marks: readonly [part: string, kind: T][],
  other: T,
): T[] {
  return Array.from(
    { length: depth },
    (_, i) => marks.find(([part]) => file.tensors.has(`blk.${i}.${part}`))?.[1] ?? other,
  );
}
