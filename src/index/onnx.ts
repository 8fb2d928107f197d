/** The Worker with the ONNX backend in it: `wrangler deploy src/index/onnx.ts`. What it costs: docs/onnx.md. */
import ortWasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import { openOnnx, startOrt } from "../backends/onnx/index.ts";
import { provideOnnx } from "../backends/onnx/provider.ts";

provideOnnx(async (manifest, payload, options) => openOnnx(manifest, payload, await startOrt(ortWasm), options));

export * from "../index.ts";
export { default } from "../index.ts";
