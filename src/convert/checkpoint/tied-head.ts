/**
 * settledTie: whether head and embedding are one matrix, by what the checkpoint holds and not by its config alone.
 *
 * As transformers has it (`tie_weights`): two tensors of different values are two matrices, whatever the config says;
 * where only the head is stored, it is the embedding too.
 */

import { ConfigReader } from "../../core/config-reader.ts";
import { Failure } from "../../core/failure.ts";
import { architectures } from "../../models/index.ts";
import { type CheckpointSource, rowsOf } from "./checkpoint-source.ts";

type Tied = Pick<CheckpointSource, "config" | "tensors" | "rows">;

/** Rows that are compared at a time, in values. */
const VALUES_AT_ONCE = 1 << 20;

export async function settledTie(source: Tied): Promise<Tied> {
  const names = tiedNames(source.config);
  if (!names) return source;
  const { embedding, head } = names;
  const [embeddingShape, headShape] = [source.tensors.get(embedding), source.tensors.get(head)];
  if (!headShape) return source;
  if (!embeddingShape) return embeddedBy(source, embedding, head);
  if (String(embeddingShape) === String(headShape) && (await areEqual(source, embedding, head))) return source;
  return { ...source, config: { ...source.config, tie_word_embeddings: false } };
}

/** Names of both where the config ties them. A config that cannot be read is refused later, by the field's name. */
function tiedNames(config: Record<string, unknown>): { embedding: string; head: string } | undefined {
  const architecture = architectures[String(config.model_type)];
  try {
    const shape = architecture?.read(new ConfigReader(config));
    return shape?.tied ? shape.names : undefined;
  } catch (thrown) {
    if (thrown instanceof Failure) return undefined;
    throw thrown;
  }
}

function embeddedBy(source: Tied, embedding: string, head: string): Tied {
  const tensors = new Map(source.tensors);
  tensors.set(embedding, tensors.get(head)!);
  tensors.delete(head);
  return { ...source, tensors, rows: (name, from, to) => source.rows(name === embedding ? head : name, from, to) };
}

async function areEqual({ tensors, rows }: Tied, one: string, other: string): Promise<boolean> {
  const { rows: count, width } = rowsOf(tensors.get(one)!);
  const step = Math.max(1, Math.floor(VALUES_AT_ONCE / Math.max(1, width)));
  for (let row = 0; row < count; row += step) {
    const end = Math.min(row + step, count);
    const [a, b] = [await rows(one, row, end), await rows(other, row, end)];
    if (a.some((value, i) => value !== b[i])) return false;
  }
  return true;
}
