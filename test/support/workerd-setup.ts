/**
 * Makes what the tests inside the runtime are given from outside, where there are files: packs, and what Node computes.
 * Runs only where such tests do.
 */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { loadModel } from "../../src/backends/load-model.ts";
import { compiledKernels } from "../../src/cli/kernels.ts";
import { folderSource } from "../../src/weights/folder-source.ts";
import { onnxPack } from "./onnx-pack.ts";
import { runDigest } from "./run-digest.ts";
import { stagedPacks } from "./staged-packs.ts";
import { tinyForecaster } from "./tiny-forecaster.ts";
import { temporaryPacks } from "./tiny-pack.ts";

export interface WorkerdSetup {
  /** The folder of packs that the Worker under test finds among its assets. */
  packs: string;
  /** How many tokens both sides draw, and the digest of what Node drew and of the state it ended in. */
  digestTokens: number;
  nodeDigest: string;
}

declare module "vitest" {
  interface ProvidedContext {
    workerd: WorkerdSetup;
  }
}

export default async function ({ provide }: TestProject): Promise<void> {
  const packs = await temporaryPacks();
  await onnxPack(packs);
  await stagedPacks(packs);
  await tinyForecaster(packs);
  await cp("models/sentence-encoder", join(packs, "sentence-encoder"), { recursive: true });
  const digestTokens = Number(process.env.DIGEST_TOKENS ?? 200);
  const tiny = await loadModel(folderSource(join(packs, "tiny")), compiledKernels());
  provide("workerd", { packs, digestTokens, nodeDigest: await runDigest(tiny.backend, digestTokens) });
}
