/** Loads a pack once per isolate: manifest, weights, tokenizer and template, each checked before it is used. */

import type { Backend } from "../backends/backend.ts";
import { EngineMemory, type EngineOptions, WEIGHTS_AT } from "../backends/wasm/index.ts";
import { check } from "../core/failure.ts";
import { modelFrom } from "../models/index.ts";
import { createTextCodec } from "../tokenizer/hf-codec.ts";
import { createPromptBuilder } from "../tokenizer/prompt.ts";
import type { PromptBuilder, TextCodec } from "../tokenizer/text-codec.ts";
import { checkAgainstModel } from "../weights/check-against-model.ts";
import { loadPack, type Pack, type Progress } from "../weights/load-pack.ts";
import type { Manifest } from "../weights/manifest.ts";
import type { PackSource } from "../weights/pack-source.ts";

export interface Loaded {
  manifest: Manifest;
  /** SHA-256 of the manifest: the identity of model, quantisation, tokenizer and template. */
  fingerprint: string;
  backend: Backend;
}

/** A model that can be talked to. */
export interface Served extends Loaded {
  codec: TextCodec;
  prompt: PromptBuilder;
}

export interface LoadOptions extends EngineOptions {
  progress?: Progress;
}

/** Weights only: enough to score ids. */
export async function loadModel(
  source: PackSource,
  kernels: WebAssembly.Module,
  options: LoadOptions = {},
): Promise<Loaded & Pack> {
  let start: (() => Backend) | undefined;
  const place = (manifest: Manifest) => {
    const model = modelFrom(manifest.model.config);
    checkAgainstModel(manifest, model.weights);
    const memory = new EngineMemory(manifest, options);
    start = () => memory.start(model, kernels);
    return { memory: memory.memory, base: WEIGHTS_AT };
  };
  const pack = await loadPack(source, place, options.progress);
  return { ...pack, backend: start!() };
}

/** Fails with `weights_invalid` when the pack has no tokenizer or no chat template: it can be scored, not chatted with. */
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
    () => `${name}: the pack has no chat template, so it cannot chat`,
    "template",
  );
  const tokenizerConfig = manifest.tokenizerConfig ?? {};
  const codec = createTextCodec(JSON.parse(tokenizer), tokenizerConfig);
  const { systemPrompt } = manifest.generation;
  const prompt = createPromptBuilder(template, codec, {
    ...tokenizerConfig,
    ...(systemPrompt ? { systemPrompt } : {}),
  });
  return { manifest, fingerprint, backend, codec, prompt };
}
