/** onnxruntime-web under Node: its WebAssembly is read from node_modules. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { openOnnx, startOrt } from "./index.ts";
import type { OpenOnnx } from "./provider.ts";

/** The types of Workers leave out what workerd refuses to do. */
const { compile } = WebAssembly as unknown as { compile(bytes: Uint8Array): Promise<WebAssembly.Module> };

let compiled: Promise<WebAssembly.Module> | undefined;

export const open: OpenOnnx = async (manifest, payload, options) => {
  compiled ??= readModule();
  return openOnnx(manifest, payload, await startOrt(await compiled), options);
};

async function readModule(): Promise<WebAssembly.Module> {
  const file = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
  return compile(await readFile(file));
}
