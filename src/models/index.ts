/** The registry: one line per architecture. */
import { ConfigReader } from "../core/config-reader.ts";
import { type Architecture, build, type Model } from "./architecture.ts";
import { bamba } from "./bamba.ts";
import { falcon_h1 } from "./falcon_h1.ts";
import { granitemoehybrid } from "./granitemoehybrid.ts";
import { lfm2 } from "./lfm2.ts";
import { llama } from "./llama.ts";
import { mamba2 } from "./mamba2.ts";
import { nemotron_h } from "./nemotron_h.ts";
import { zamba2 } from "./zamba2.ts";

export const architectures: Readonly<Record<string, Architecture>> = {
  bamba,
  falcon_h1,
  granitemoehybrid,
  lfm2,
  llama,
  mamba2,
  nemotron_h,
  zamba2,
};

/** The model that a config.json describes. Fails with `weights_invalid`, naming the field. */
export function modelFrom(config: unknown): Model {
  const reader = new ConfigReader(config);
  const type = reader.oneOf("model_type", Object.keys(architectures));
  return build(architectures[type]!, reader);
}
