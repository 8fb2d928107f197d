/** openGguf: a .gguf file, spoken to in the names, shapes and row order of the checkpoint it was made from. */
import { ConfigReader } from "../../core/config-reader.ts";
import { product } from "../../core/sizes.ts";
import { inverseFrequencies } from "../../layers/rotary.ts";
import { type Architecture, build, type Gguf, type GgufFile } from "../../models/architecture.ts";
import { architectures } from "../../models/index.ts";
import { ByteFile } from "../checkpoint/byte-file.ts";
import type { CheckpointSource, TokenizerOptions } from "../checkpoint/checkpoint-source.ts";
import { cacheIn } from "./cache-metadata.ts";
import { ggufCompanions } from "./companions.ts";
import { type GgufHeader, readGgufHeader } from "./header.ts";
import { ROTARY_FACTORS, readValues, spelledTensors } from "./spelled-tensors.ts";

export async function openGguf(path: string, options: TokenizerOptions = {}): Promise<CheckpointSource> {
  const file = await ByteFile.open(path);
  try {
    const header = await readGgufHeader(file);
    const { architecture, gguf } = architectureOf(file, header);
    const config = configOf(file, architecture, gguf, header, await rotaryScaling(file, header));
    const tensors = spelledTensors(file, header, gguf, config, specsOf(architecture, config));
    return {
      config,
      tensors: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
      rows: (name, from, to) => tensors.get(name)!.rows(from, to),
      companions: async () => ggufCompanions(file.name, header.meta, options),
      provenance: async (signal) => ({ format: "gguf", files: [await file.identity(signal)], ...general(header.meta) }),
      close: () => file.close(),
    };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

const fileOf = ({ meta, tensors }: GgufHeader): GgufFile => ({
  meta,
  tensors: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
});

/** What a file describes, without its weights: `rivulet info x.gguf`. Fails with `weights_invalid`. */
export async function describeGguf(
  path: string,
): Promise<{ config: Record<string, unknown>; header: GgufHeader; name: string }> {
  const file = await ByteFile.open(path);
  try {
    const header = await readGgufHeader(file);
    const { architecture, gguf } = architectureOf(file, header);
    return {
      config: configOf(file, architecture, gguf, header, await rotaryScaling(file, header)),
      header,
      name: file.name,
    };
  } finally {
    await file.close();
  }
}

function architectureOf(file: ByteFile, header: GgufHeader): { architecture: Architecture; gguf: Gguf } {
  const found = header.meta.get("general.architecture");
  const known = Object.values(architectures).flatMap((architecture) =>
    architecture.gguf ? [{ architecture, gguf: architecture.gguf }] : [],
  );
  if (Number(header.meta.get("split.count") ?? 1) > 1)
    file.refuse("split.count: a model split over several files is not supported; merge them first");
  const match = known.find(
    ({ gguf }) => gguf.architecture === found && (gguf.claims === undefined || gguf.claims(fileOf(header))),
  );
  const names = [...new Set(known.map(({ gguf }) => gguf.architecture))].join(", ");
  const elsewhere = Object.values(architectures).flatMap(({ type, gguf }) => (gguf ? [] : [type]));
  return (
    match ??
    file.refuse(
      `general.architecture: expected one of ${names}, got ${JSON.stringify(found) ?? "nothing"}; from a Hugging Face folder also ${elsewhere.join(", ")}`,
    )
  );
}

/** GGUF has no field for a tied head: it leaves the tensor out. */
function configOf(
  file: ByteFile,
  architecture: Architecture,
  gguf: Gguf,
  header: GgufHeader,
  scaling: Record<string, unknown>,
): Record<string, unknown> {
  const config = { ...gguf.config(fileOf(header)), ...scaling, ...cacheIn(header.meta) };
  // A default of config.json must not stand in for what the file forgot.
  const missing = Object.keys(config).find((field) => config[field] === undefined || Number.isNaN(config[field]));
  if (missing !== undefined)
    file.refuse(`metadata: ${missing}, as config.json calls it: expected a value, got nothing`);
  const { names } = architecture.read(new ConfigReader(config, "GGUF metadata"));
  const [head] = gguf.part(names.head, config)?.names ?? [];
  return { ...config, tie_word_embeddings: head === undefined || !header.tensors.has(head) };
}

/** Shapes of the tensors that the model asks for, by their names in a checkpoint. */
const specsOf = (architecture: Architecture, config: object): ReadonlyMap<string, readonly number[]> =>
  new Map(
    build(architecture, new ConfigReader(config)).weights.flatMap(({ from }) =>
      from.map(({ name, shape }) => [name, shape] as const),
    ),
  );

/** Parameters of Llama 3's scaling that published models have, and powers of two around them. */
const lengths = Array.from({ length: 16 }, (_, i) => 2 ** (i + 4));

/**
 * The scaling behind the factors of `rope_freqs.weight`, which is all that a file says of it. Fails with
 * `weights_invalid` where they are those of no Llama 3 scaling with the published bounds, 1 and 4.
 */
async function rotaryScaling(file: ByteFile, { tensors, meta }: GgufHeader): Promise<Record<string, unknown>> {
  const tensor = tensors.get(ROTARY_FACTORS);
  if (!tensor) return {};
  const found = await readValues(file, tensor, 0, product(tensor.shape));
  if (found.every((factor) => factor === 1)) return {};
  const architecture = String(meta.get("general.architecture"));
  const theta = Number(meta.get(`${architecture}.rope.freq_base`) ?? 10_000);
  const turned = 2 * found.length;
  const plain = inverseFrequencies({ theta, turned, scaling: { type: "default" } });
  const factor = found.reduce((most, value) => Math.max(most, value), 1);
  for (const original of lengths) {
    const scaling = { type: "llama3" as const, factor, low: 1, high: 4, original };
    const scaled = inverseFrequencies({ theta, turned, scaling });
    const isIt = found.every((value, i) => Math.abs(plain[i]! / scaled[i]! / value - 1) < 1e-4);
    if (isIt)
      return {
        rope_scaling: {
          rope_type: "llama3",
          factor,
          low_freq_factor: 1,
          high_freq_factor: 4,
          original_max_position_embeddings: original,
        },
      };
  }
  return file.refuse(
    `${ROTARY_FACTORS}: scaled in a way that the file does not name; convert the Hugging Face folder instead`,
  );
}

const generalFields = [
  "name",
  "organization",
  "basename",
  "finetune",
  "version",
  "size_label",
  "url",
  "source.url",
  "file_type",
];

/** What the file says of itself. */
const general = (meta: GgufHeader["meta"]): Record<string, string | number> =>
  Object.fromEntries(
    generalFields
      .map((field) => [field.replace(".", "_"), meta.get(`general.${field}`)] as const)
      .filter(
        (entry): entry is [string, string | number] => typeof entry[1] === "string" || typeof entry[1] === "number",
      ),
  );
