import { expect, it } from "vitest";
import { packFolder } from "../../scripts/serve-pack.ts";
import { loadModel } from "../../src/backends/load-model.ts";
import { compiledKernels } from "../../src/cli/kernels.ts";
import { folderSource } from "../../src/weights/folder-source.ts";
import { runDigest } from "../support/run-digest.ts";

/** Short here; `node bench/determinism.ts` runs it longer. */
const TOKENS = Number(process.env.DIGEST_TOKENS ?? 24);

it(
  "the default model's generation ends in the same state cold, warm, beside others and in another engine",
  async () => {
    const load = async () => (await loadModel(folderSource(packFolder()), compiledKernels())).backend;
    const backend = await load();
    const cold = await runDigest(backend, TOKENS);
    expect(await runDigest(backend, TOKENS)).toBe(cold);
    expect(await runDigest(backend, TOKENS, 2)).toBe(cold);
    expect(await runDigest(await load(), TOKENS)).toBe(cold);
  },
  60_000 + 2000 * TOKENS,
);
