/** loadServed: a model that can be talked to, loaded once per isolate. */

import { type Loaded, type LoadOptions, loadModel } from "../backends/load-model.ts";
import { check } from "../core/failure.ts";
import { createTextCodec } from "../tokenizer/hf-codec.ts";
import { createPromptBuilder } from "../tokenizer/prompt.ts";
import type { PromptBuilder, TextCodec } from "../tokenizer/text-codec.ts";
import type { PackSource } from "../weights/pack-source.ts";
import { preludeOf } from "./prelude.ts";

export interface Served extends Loaded {
  codec: TextCodec;
  prompt: PromptBuilder;
  /** Ids that every prompt without a system message begins with. */
  prelude: Uint32Array;
}

/**
 * Fails with `weights_invalid` when the pack has no tokenizer or no chat template: it can be scored, not chatted with.
 */
export async function loadServed(
  source: PackSource,
  kernels: WebAssembly.Module,
  options: LoadOptions = {},
): Promise<Served> {
  const { manifest, fingerprint, backend, tokenizer, template } = await loadModel(source, kernels, options);
  const name = manifest.name;
  check(
    tokenizer !== undefined,
    "weights_invalid",
    () => `${name}: the pack has no tokenizer, so it cannot chat`,
    "tokenizer",
  );
  check(
    template !== undefined,
    "weights_invalid",
    () => `${name}: the pack has no chat template, so it cannot chat; convert --template gives it one`,
    "template",
  );
  const tokenizerConfig = manifest.tokenizerConfig ?? {};
  const codec = createTextCodec(JSON.parse(tokenizer), { ...tokenizerConfig, chat_template: template });
  const { systemPrompt } = manifest.generation;
  const prompt = createPromptBuilder(template, codec, {
    ...tokenizerConfig,
    ...(systemPrompt ? { systemPrompt } : {}),
  });
  return { manifest, fingerprint, backend, codec, prompt, prelude: preludeOf(prompt) };
}
