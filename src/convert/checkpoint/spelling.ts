/** respelled: a checkpoint's tensors under the names that the model gives them. */
import { Failure } from "../../core/failure.ts";
import type { Spelling } from "../../models/architecture.ts";
import { architectures } from "../../models/index.ts";
import { type CheckpointSource, rowsOf } from "./checkpoint-source.ts";

type Tensors = Pick<CheckpointSource, "tensors" | "rows">;

/** Of a checkpoint that wraps its text model: the prefixes of that, and what stands beside it. */
const wrapped: Spelling = {
  rename: [
    [/^(model\.)?language_model\.lm_head\./, "lm_head."],
    [/^(model\.)?language_model\.(model\.)?/, "model."],
  ],
  ignore: [/^(model\.)?(visual|vision_tower|vision_model|multi_modal_projector|audio_tower)\./],
};

/** Fails with `weights_invalid` where two tensors would get one name. */
export function respelled(type: unknown, source: Tensors): Tensors {
  const architecture = Object.hasOwn(architectures, String(type)) ? architectures[String(type)] : undefined;
  const spellings = [
    ...(architecture?.wrappedBy ? [wrapped] : []),
    ...(architecture?.spelling ? [architecture.spelling] : []),
  ];
  return spellings.reduce((inner, spelling) => joined(renamed(inner, spelling), spelling), source);
}

function renamed(source: Tensors, { rename = [], ignore = [] }: Spelling): Tensors {
  const from = new Map<string, string>();
  const tensors = new Map<string, readonly number[]>();
  for (const [name, shape] of source.tensors) {
    if (ignore.some((pattern) => pattern.test(name))) continue;
    const known = rename.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), name);
    const other = from.get(known);
    if (other !== undefined)
      throw new Failure("weights_invalid", `tensor ${name}: expected one of this kind, ${other} is there too`, {
        param: name,
      });
    from.set(known, name);
    tensors.set(known, shape);
  }
  return { tensors, rows: (name, first, end) => source.rows(from.get(name) ?? name, first, end) };
}

function joined(source: Tensors, { join = {} }: Spelling): Tensors {
  const tensors = new Map(source.tensors);
  const parts = new Map<string, readonly string[]>();
  for (const [end, ends] of Object.entries(join)) {
    for (const name of source.tensors.keys()) {
      if (!name.endsWith(ends[0]!)) continue;
      const at = name.slice(0, -ends[0]!.length);
      const names = ends.map((part) => at + part);
      const shapes = names.map((part) => source.tensors.get(part));
      const widths = new Set(shapes.map((shape) => shape?.slice(1).join()));
      // What is missing or does not fit is named when the model asks for it.
      if (widths.size !== 1 || widths.has(undefined)) continue;
      parts.set(at + end, names);
      tensors.set(at + end, [shapes.reduce((n, shape) => n + rowsOf(shape!).rows, 0), ...shapes[0]!.slice(1)]);
      for (const part of names) tensors.delete(part);
    }
  }
  const rows: Tensors["rows"] = async (name, first, end) => {
    const names = parts.get(name);
    if (!names) return source.rows(name, first, end);
    const found: Float32Array[] = [];
    let start = 0;
    for (const part of names) {
      const { rows: count } = rowsOf(source.tensors.get(part)!);
      const [from, to] = [Math.max(first - start, 0), Math.min(end - start, count)];
      if (from < to) found.push(await source.rows(part, from, to));
      start += count;
    }
    const out = new Float32Array(found.reduce((n, part) => n + part.length, 0));
    found.reduce((at, part) => {
      out.set(part, at);
      return at + part.length;
    }, 0);
    return out;
  };
  return { tensors, rows };
}
