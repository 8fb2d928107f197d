import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { modelFrom } from "../../src/models/index.ts";
import { transformerCacheBytes } from "../../src/models/transformer-cache.ts";

const config = (name: string): unknown => JSON.parse(readFileSync(`models/configs/${name}.json`, "utf8"));

// Keys and values · layers · key heads · head width · bytes of f16.
it.each([
  ["bamba-9b", 2 * 32 * 8 * 128 * 2],
  ["granite-4.0-h-350m", 2 * 32 * 4 * 64 * 2],
  ["falcon-h1-0.5b", 2 * 36 * 2 * 64 * 2],
  // No attention: a quarter of the width.
  ["mamba2-130m", 2 * 24 * (768 / 4) * 2],
])("a transformer as deep as %s would keep %i bytes for each token", (name, expected) => {
  expect(transformerCacheBytes(modelFrom(config(name)))).toBe(expected);
});
