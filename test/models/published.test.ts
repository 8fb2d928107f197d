/**
 * Published sizes, checked without weights: models/configs/ against what transformers says of them
 * (training/golden/published.py).
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { product } from "../../src/core/sizes.ts";
import type { Model } from "../../src/models/architecture.ts";
import { architectures, modelFrom } from "../../src/models/index.ts";

interface Published {
  parameters: number;
  /** f32, before the first token and for each. */
  stateBytes: number;
  stateBytesPerToken: number;
  /** By name, with `*` for the layer: shapes, and the ranges of layers that have them. */
  tensors: Record<string, [shape: number[], layers: [first: number, last: number][]][]>;
}

const folder = join(import.meta.dirname, "../../models/configs");
const read = (file: string) => JSON.parse(readFileSync(file, "utf8"));
const published: Record<string, Published> = read(join(import.meta.dirname, "published.json"));
const config = (name: string): Record<string, unknown> => read(join(folder, `${name}.json`));

function tensorsOf({ tensors }: Published): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const [name, shapes] of Object.entries(tensors)) {
    for (const [shape, ranges] of shapes) {
      if (ranges.length === 0) found[name] = shape;
      for (const [first, last] of ranges)
        for (let layer = first; layer <= last; layer++) found[name.replace("*", String(layer))] = shape;
    }
  }
  return found;
}

const checkpointOf = ({ weights }: Model) =>
  Object.fromEntries(weights.flatMap(({ from }) => from.map(({ name, shape }) => [name, shape])));

/** Bytes of a state of `tokens` with an f32 cache, as saved. */
const stateBytes = ({ state }: Model, tokens: number) =>
  state.reduce(
    (n, spec) => n + 4 * (spec.kind === "fixed" ? product(spec.shape) : 2 * tokens * spec.heads * spec.width),
    0,
  );

it("has a published config of every architecture but llama, and a description of every config", () => {
  const names = readdirSync(folder).flatMap((file) => (file.endsWith(".json") ? [file.replace(".json", "")] : []));
  expect(names.sort()).toEqual(Object.keys(published).sort());
  const types = new Set([...names.map((name) => config(name).model_type), "llama"]);
  expect([...types].sort()).toEqual(Object.keys(architectures).sort());
});

describe.each(Object.entries(published))("%s", (name, expected) => {
  const model = modelFrom(config(name));

  it("has the published parameters", () => {
    expect(model.parameters).toBe(expected.parameters);
  });

  it("reads the checkpoint's tensors, by name and shape", () => {
    expect(checkpointOf(model)).toEqual(tensorsOf(expected));
  });

  it("keeps the published bytes of state", () => {
    expect(stateBytes(model, 0)).toBe(expected.stateBytes);
    expect(stateBytes(model, 1000)).toBe(expected.stateBytes + 1000 * expected.stateBytesPerToken);
  });
});

it("notices a state of another width", () => {
  const other = modelFrom({ ...config("mamba2-130m"), state_size: 64 });
  const { parameters, stateBytes: bytes } = published["mamba2-130m"]!;
  expect(other.parameters).not.toBe(parameters);
  expect(stateBytes(other, 0)).not.toBe(bytes);
});
