/** An ONNX pack and its golden among the assets of the Worker under test, which has no files. */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { openCheckpoint } from "../../src/convert/open-checkpoint.ts";
import { readGolden } from "./golden.ts";

const CASE = "bamba-groups4";

export const ortWasm = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");

/** Writes `folder`/onnx and `folder`/onnx-golden.json. */
export async function onnxPack(folder: string): Promise<void> {
  const source = await openCheckpoint(new URL(`../golden-onnx/${CASE}`, import.meta.url).pathname);
  const cache = { policy: "full", sinks: 0, dtype: "f32" } as const;
  await convert(source, join(folder, "onnx"), { dtype: "f32", cache });
  await source.close();
  const { tokens, logits, V } = readGolden(CASE);
  writeFileSync(join(folder, "onnx-golden.json"), JSON.stringify({ tokens: [...tokens], logits: [...logits], V }));
}
