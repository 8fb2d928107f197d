/**
 * node bench/peers/llama-hybrid.ts <file.gguf> [flash]: a model in llama-server, which is built from source and so
 * also loads the default hybrid.
 */
import { processMs } from "../process.ts";
import { startLlamaServer } from "./llama-server.ts";
import { CONTEXT, DECODED, idAt, type Speed, serve } from "./protocol.ts";

const VOCAB = 49_152;
const isFlash = process.argv[3] === "flash";
const args = ["--ctx-size", "2048", "--batch-size", String(CONTEXT), "--parallel", "1"];
const server = await startLlamaServer(process.argv[2]!, [...args, "--flash-attn", isFlash ? "on" : "off"]);
const stop = () => {
  server.child.kill();
  process.exit();
};
process.once("disconnect", stop).once("SIGTERM", stop);
const prompt = Array.from({ length: CONTEXT }, (_, i) => idAt(i, VOCAB));

/**
 * Processor seconds of one request. The engine's own clock counts other programs too, so both
 * parts are found from two requests.
 */
async function seconds(tokens: number): Promise<number> {
  const before = processMs(server.pid);
  const response = await fetch(`${server.url}/completion`, {
    method: "POST",
    body: JSON.stringify({ prompt, n_predict: tokens, temperature: 0, ignore_eos: true, cache_prompt: false }),
  });
  if (!response.ok) throw new Error(`llama-server: ${response.status} ${await response.text()}`);
  await response.text();
  return (processMs(server.pid) - before) / 1000;
}

serve(
  `llama.cpp native (llama-cpp-python 0.3.36, built here, flash attention ${isFlash ? "on" : "off"})`,
  async (): Promise<Speed> => {
    const first = await seconds(1);
    return { prefill: CONTEXT / first, decode: DECODED / ((await seconds(1 + DECODED)) - first) };
  },
);
