/** openGguf: a .gguf file, spoken to in the names, shapes and row order of the checkpoint it was made from. */
import { ConfigReader } from "../../core/config-reader.ts";
import { type Architecture, build, type Gguf } from "../../models/architecture.ts";
import { architectures } from "../../models/index.ts";
import { ByteFile } from "../checkpoint/byte-file.ts";
import { type CheckpointSource, rowsOf, type TokenizerOptions } from "../checkpoint/checkpoint-source.ts";
import { ggufCompanions } from "./companions.ts";
import { type GgufHeader, type GgufTensor, readGgufHeader } from "./header.ts";

/** Factors of scaled rotary frequencies (Llama 3.1 and later). */
const ROTARY_FACTORS = "rope_freqs.weight";

export async function openGguf(path: string, options: TokenizerOptions = {}): Promise<CheckpointSource> {
  const file = await ByteFile.open(path);
  try {
    const header = await readGgufHeader(file);
    const { architecture, gguf } = architectureOf(file, header.meta);
    const config = configOf(file, architecture, gguf, header);
    await checkRotaryFactors(file, header);
    const tensors = byCheckpointName(architecture, gguf, config, header);
    return {
      config,
      tensors: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
      rows: async (name, from, to) => {
        const rows = await readRows(file, tensors.get(name)!, from, to, gguf.row?.(name, config));
        const undo = gguf.values?.(name);
        return undo ? rows.map(undo) : rows;
      },
      companions: async () => ggufCompanions(file.name, header.meta, options),
      provenance: async (signal) => ({ format: "gguf", files: [await file.identity(signal)], ...general(header.meta) }),
      close: () => file.close(),
    };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

function architectureOf(file: ByteFile, meta: GgufHeader["meta"]): { architecture: Architecture; gguf: Gguf } {
  const found = meta.get("general.architecture");
  const known = Object.values(architectures).flatMap((architecture) =>
    architecture.gguf ? [{ architecture, gguf: architecture.gguf }] : [],
  );
  const match = known.find(({ gguf }) => gguf.architecture === found);
  if (Number(meta.get("split.count") ?? 1) > 1)
    file.refuse("split.count: a model split over several files is not supported; merge them first");
  const names = known.map(({ gguf }) => JSON.stringify(gguf.architecture)).join(" or ");
  return match ?? file.refuse(`general.architecture: expected ${names}, got ${JSON.stringify(found) ?? "nothing"}`);
}

/** GGUF has no field for a tied head: it leaves the tensor out. */
function configOf(
  file: ByteFile,
  architecture: Architecture,
  gguf: Gguf,
  { meta, tensors }: GgufHeader,
): Record<string, unknown> {
  const config = gguf.config(meta);
  // A default of config.json must not stand in for what the file forgot.
  const missing = Object.keys(config).find((field) => config[field] === undefined);
  if (missing !== undefined)
    file.refuse(`metadata: ${missing}, as config.json calls it: expected a value, got nothing`);
  const { names } = architecture.read(new ConfigReader(config, "GGUF metadata"));
  const head = gguf.tensor(names.head);
  return { ...config, tie_word_embeddings: head === undefined || !tensors.has(head) };
}

/** Tensors under the names that the model asks for; whatever it does not ask for stays under its GGUF name. */
function byCheckpointName(
  architecture: Architecture,
  gguf: Gguf,
  config: object,
  { tensors }: GgufHeader,
): Map<string, GgufTensor> {
  const left = new Map(tensors);
  const named = new Map<string, GgufTensor>();
  for (const { name } of build(architecture, new ConfigReader(config)).weights.flatMap((weight) => weight.from)) {
    const spelled = gguf.tensor(name);
    const tensor = spelled === undefined ? undefined : tensors.get(spelled);
    if (!tensor) continue;
    named.set(name, tensor);
    left.delete(tensor.name);
  }
  left.delete(ROTARY_FACTORS);
  return new Map([...named, ...left]);
}

async function checkRotaryFactors(file: ByteFile, { tensors }: GgufHeader): Promise<void> {
  const tensor = tensors.get(ROTARY_FACTORS);
  if (!tensor) return;
  const factors = await readRows(file, tensor, 0, rowsOf(tensor.shape).rows);
  if (factors.some((factor) => factor !== 1)) {
    file.refuse(
      `${ROTARY_FACTORS}: scaled rotary frequencies are not read from GGUF; convert the Hugging Face folder instead`,
    );
  }
}

/** `rowInFile` undoes a reordering of rows. Its range is read once, even when the rows lie apart. */
async function readRows(
  file: ByteFile,
  { start, bytes, shape, type }: GgufTensor,
  from: number,
  to: number,
  rowInFile?: (row: number) => number,
): Promise<Float32Array> {
  const { rows, width } = rowsOf(shape);
  const rowBytes = bytes / rows;
  const read = async (first: number, end: number) => {
    const raw = await file.read(start + first * rowBytes, (end - first) * rowBytes);
    const out = new Float32Array((end - first) * width);
    type.decode(raw, raw.length / type.bytes, out);
    return out;
  };
  if (!rowInFile) return read(from, to);
  const order = Array.from({ length: to - from }, (_, i) => rowInFile(from + i));
  const first = order.reduce((a, b) => Math.min(a, b), rows);
  const all = await read(first, order.reduce((a, b) => Math.max(a, b), 0) + 1);
  const out = new Float32Array((to - from) * width);
  order.forEach((row, i) => {
    out.set(all.subarray((row - first) * width, (row - first + 1) * width), i * width);
  });
  return out;
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
