/** The registry: one line per architecture. */
import { ConfigReader } from "../core/config-reader.ts";
import { bamba } from "./bamba.ts";
import { type Architecture, build, type Model } from "./define.ts";
import { llama } from "./llama.ts";

export const architectures: Readonly<Record<string, Architecture>> = { bamba, llama };

/** The model that a config.json describes. Fails with `weights_invalid`, naming the field. */
export function modelFrom(config: unknown): Model {
  const reader = new ConfigReader(config);
  const type = reader.oneOf("model_type", Object.keys(architectures));
  return build(architectures[type]!, reader);
}
