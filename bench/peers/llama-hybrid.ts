/** node bench/peers/llama-hybrid.ts <file.gguf> [flash]: a model in llama-server, which is built from source and so also loads the default hybrid. */
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

interface Answer {
  timings: { prompt_ms: number; prompt_n: number; predicted_ms: number; predicted_n: number };
}

serve(
  `llama.cpp native (llama-cpp-python 0.3.36, built here, flash attention ${isFlash ? "on" : "off"})`,
  async (): Promise<Speed> => {
    const before = processMs(server.pid);
    const response = await fetch(`${server.url}/completion`, {
      method: "POST",
      body: JSON.stringify({ prompt, n_predict: DECODED, temperature: 0, ignore_eos: true, cache_prompt: false }),
    });
    const { timings } = (await response.json()) as Answer;
    const cpu = processMs(server.pid) - before;
    // The engine's own clock says how its time is divided.
    const share = cpu / (timings.prompt_ms + timings.predicted_ms) / 1000;
    return {
      prefill: timings.prompt_n / (timings.prompt_ms * share),
      decode: timings.predicted_n / (timings.predicted_ms * share),
    };
  },
);
