/** node bench/peers/llama-cpp.ts <file.gguf>: llama.cpp, native, through node-llama-cpp. */
import { CONTEXT, DECODED, idAt, serve, timed } from "./protocol.ts";

// Installed beside this file only, hence no types.
const { getLlama } = await import("node-llama-cpp" as string);
const llama = await getLlama({ gpu: false, build: "never", maxThreads: 1, logLevel: "error" });
const model = await llama.loadModel({ modelPath: process.argv[2] });
const context = await model.createContext({ contextSize: 2048, batchSize: CONTEXT, threads: 1 });
const sequence = context.getSequence();
const vocab: number = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
const ids = Array.from({ length: CONTEXT }, (_, i) => idAt(i, vocab));

serve("llama.cpp native (node-llama-cpp 3.22.1)", async () => {
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
