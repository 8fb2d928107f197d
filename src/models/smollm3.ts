/**
 * SmolLM 3: Llama's shape, in which every fourth layer has no positions.
 *
 * Source: transformers `models/smollm3`; checkpoint HuggingFaceTB/SmolLM3-3B. No positions: arXiv 2501.18795.
 * Golden: test/golden/smollm3-*, from training/golden.py.
 */
import { ConfigReader } from "../core/config-reader.ts";
import { attention } from "../layers/index.ts";
import { type Architecture, refuse } from "./architecture.ts";
import { noForm } from "./gguf-metadata.ts";
import { transformerGguf } from "./gguf-spelling.ts";
import { slidingWindows } from "./layer-types.ts";
import { attentionSizes, preNormShape } from "./pre-norm.ts";

export const smollm3: Architecture = {
  type: "smollm3",
  read(json) {
    const turns = turning(json);
    const windows = slidingWindows(json, 36, (layer) => !turns[layer]);
    const { rotary, ...sizes } = attentionSizes(json, { D: 2048, Hq: 16, Hkv: 4, theta: 2_000_000 });
    const bias = json.boolean("attention_bias", false);
    const defaults = { V: 128_256, D: 2048, I: 11_008, depth: 36, contextLength: 32_768, epsilon: 1e-6, tied: true };
    return preNormShape(json, defaults, (at, layer) =>
      attention(`${at}.self_attn`, {
        ...sizes,
        layer,
        ...windows[layer],
        ...(turns[layer] && rotary ? { rotary } : {}),
        bias,
        outputBias: bias,
      }),
    );
  },
  gguf: transformerGguf({
    architecture: "smollm3",
    type: "smollm3",
    turnedRows: true,
    theta: 2_000_000,
    metadata(config) {
      const odd = turning(new ConfigReader(config)).findIndex((turns, i) => turns !== ((i + 1) % 4 !== 0));
      if (odd >= 0)
        noForm("no_rope_layers", `llama.cpp takes every fourth layer to have no positions, layer ${odd} is otherwise`);
      return {};
    },
  }),
};

/** By layer: whether its heads turn. The config lists 1 for a layer that does. */
function turning(json: ConfigReader): boolean[] {
  const depth = json.depth(36);
  const interval = json.int("no_rope_layer_interval", 4);
  const listed = json.ints(
    "no_rope_layers",
    Array.from({ length: depth }, (_, i) => ((i + 1) % interval === 0 ? 0 : 1)),
  );
  if (listed.length < depth) refuse("no_rope_layers", `expected ${depth} entries, got ${listed.length}`);
  return listed.map((turns) => turns !== 0);
}
