/**
 * node bench/peers/llama-cpp.ts <file.gguf> [flash | plain] [package]: llama.cpp, native, through node-llama-cpp, which
 * picks the build for this processor; `package`: the path of another node-llama-cpp, which has one build only.
 */
import { readFileSync } from "node:fs";
import { CONTEXT, DECODED, idAt, serve, timed } from "./protocol.ts";

const isFlash = process.argv[3] === "flash";
// Installed beside this file only, hence no types.
const { getLlama } = await import(process.argv[4] ?? "node-llama-cpp");
const llama = await getLlama({ gpu: false, build: "never", maxThreads: 1, logLevel: "error" });
const model = await llama.loadModel({ modelPath: process.argv[2] });
const context = await model.createContext({
  contextSize: 2048,
  batchSize: CONTEXT,
  threads: 1,
  flashAttention: isFlash,
});
const sequence = context.getSequence();
const vocab: number = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
const ids = Array.from({ length: CONTEXT }, (_, i) => idAt(i, vocab));

/** The library that was loaded, and what it says it computes with. */
function build(): string {
  const maps = readFileSync("/proc/self/maps", "utf8");
  const [, name = "one build"] = /libggml-cpu-(\w+)\.so/.exec(maps) ?? [];
  const used = [...llama.systemInfo.matchAll(/(AVX2|AVX_VNNI|AVX512\w*|AMX\w*|REPACK) = 1/g)].map(([, flag]) => flag);
  return [`${name}:`, ...used].join(" ");
}

const attention = `flash attention ${isFlash ? "on" : "off"}`;
serve(`llama.cpp native (node-llama-cpp 3.22.1, ${build()}, ${attention})`, async () => {
  await sequence.clearHistory();
  return timed(
    () => sequence.evaluateWithoutGeneratingNewTokens(ids),
    async () => {
      let n = 0;
      for await (const _ of sequence.evaluate([idAt(CONTEXT, vocab)], { temperature: 0, yieldEogToken: true }))
        if (++n === DECODED) break;
    },
  );
});
