/**
 * node bench/peers/wllama.ts <file.gguf>: llama.cpp in WebAssembly, in a headless Chromium. CHROMIUM names the browser.
 */
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { CONTEXT, DECODED, type Speed, serve } from "./protocol.ts";

const { chromium } = await import("playwright-core" as string);
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
if (!existsSync(executablePath)) throw new Error(`${executablePath}: no browser there; name one in CHROMIUM`);

const esm = join(import.meta.dirname, "node_modules/@wllama/wllama/esm");
const files: Record<string, [path: string, type: string]> = {
  "/index.js": [join(esm, "index.js"), "text/javascript"],
  "/wllama.wasm": [join(esm, "wasm/wllama.wasm"), "application/wasm"],
  "/model.gguf": [process.argv[2]!, "application/octet-stream"],
};
const server = createServer((request, response) => {
  const file = files[request.url ?? ""];
  response.setHeader("content-type", file ? file[1] : "text/html");
  if (file) createReadStream(file[0]).pipe(response);
  else response.end("<!doctype html><title>wllama</title>");
}).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
process.on("disconnect", () => process.exit());
const page = await browser.newPage();
await page.goto(url);
await page.evaluate(
  `(async () => {
    const { Wllama } = await import("/index.js");
    globalThis.engine = new Wllama({ default: "${url}/wllama.wasm" }, { suppressNativeLog: true });
    const blob = await (await fetch("/model.gguf")).blob();
    await engine.loadModel([blob], { n_ctx: 2048, n_batch: ${CONTEXT}, n_threads: 1, n_gpu_layers: 0, warmup: false });
  })()`,
);

/**
 * About CONTEXT tokens; the engine says how many. A new first word each time, so that nothing is taken from its cache.
 */
const text = "The river carries what the rain has brought, and the sea keeps it. ".repeat(Math.floor(CONTEXT / 15));
let turn = 0;

const devtools = await browser.newBrowserCDPSession();
const cpuSeconds = async (): Promise<number> => {
  const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
  return processInfo.reduce((sum: number, { cpuTime }: { cpuTime: number }) => sum + cpuTime, 0);
};
serve(`wllama 3.13.0 (Chromium ${browser.version()})`, async (): Promise<Speed> => {
  const options = { prompt: `${++turn} ${text}`, max_tokens: DECODED, temperature: 0, cache_prompt: false };
  const started = await cpuSeconds();
  const { timings } = await page.evaluate(`engine.createCompletion(${JSON.stringify(options)})`);
  const cpu = (await cpuSeconds()) - started;
  // The engine's own clock says how its time is divided.
  const share = cpu / ((timings.prompt_ms + timings.predicted_ms) / 1000);
  return { prefill: timings.prompt_per_second / share, decode: timings.predicted_per_second / share };
});
