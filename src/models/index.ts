/** The registry: one line per architecture. */
import { ConfigReader } from "../core/config-reader.ts";
import { type Architecture, build, type Model } from "./architecture.ts";
import { bamba } from "./bamba.ts";
import { falcon_h1 } from "./falcon_h1.ts";
import { gemma3_text } from "./gemma3_text.ts";
import { granitemoehybrid } from "./granitemoehybrid.ts";
import { lfm2 } from "./lfm2.ts";
import { llama } from "./llama.ts";
import { mamba2 } from "./mamba2.ts";
import { nemotron_h } from "./nemotron_h.ts";
import { olmo_hybrid } from "./olmo_hybrid.ts";
import { qwen2 } from "./qwen2.ts";
import { qwen3 } from "./qwen3.ts";
import { qwen3_5_text } from "./qwen3_5_text.ts";
import { smollm3 } from "./smollm3.ts";
import { zamba2 } from "./zamba2.ts";

export const architectures: Readonly<Record<string, Architecture>> = {
  bamba,
  falcon_h1,
  gemma3_text,
  granitemoehybrid,
  lfm2,
  llama,
  mamba2,
  nemotron_h,
  olmo_hybrid,
  qwen2,
  qwen3,
  qwen3_5_text,
  smollm3,
  zamba2,
};

/**
 * The config of the text model: `text_config` where a checkpoint wraps one that is known, else the config as it stands.
 * Ids and the tie of the head, which such checkpoints may state outside only, are taken from there.
 */
export function textConfig(config: Record<string, unknown>): Record<string, unknown> {
  const own = Object.values(architectures).find(
    ({ ownType }) => ownType !== undefined && ownType === config.model_type,
  );
  if (own) return { ...config, model_type: own.type };
  const architecture = Object.values(architectures).find(({ wrappedBy }) =>
    wrappedBy?.includes(config.model_type as string),
  );
  const inner = config.text_config;
  if (!architecture || typeof inner !== "object" || inner === null || Array.isArray(inner)) return config;
  const outer = Object.fromEntries(
    ["tie_word_embeddings", "bos_token_id", "eos_token_id"].map((field) => [field, config[field]]),
  );
  const stated = Object.entries({ ...outer, ...inner }).map(([field, value]) => [field, value ?? outer[field]]);
  return { ...Object.fromEntries(stated.filter(([, value]) => value !== undefined)), model_type: architecture.type };
}

/** The model that a config.json describes. Fails with `weights_invalid`, naming the field. */
export function modelFrom(config: unknown): Model {
  const reader = new ConfigReader(config);
  const type = reader.oneOf("model_type", Object.keys(architectures));
  return build(architectures[type]!, reader);
}
