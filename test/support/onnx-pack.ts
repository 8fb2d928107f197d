/** An ONNX pack and its golden among the assets of the Worker under test, which has no files. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { openCheckpoint } from "../../src/convert/open-checkpoint.ts";
import { readGolden } from "./golden.ts";
import { dialogueFiles } from "./tiny-pack.ts";

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

/** The same graph with a tokenizer of the commonest bytes, so that it can be talked to; gives the pack's path. */
export async function onnxChatPack(folder: string): Promise<string> {
  const [source, pack] = [join(folder, "onnx-source"), join(folder, "onnx-chat")];
  cpSync(new URL(`../golden-onnx/${CASE}`, import.meta.url).pathname, source, { recursive: true });
  // 94 bytes and two tokens: what a vocabulary of 96 has room for.
  const bytes = [10, 32, ...Array.from({ length: 92 }, (_, i) => 33 + i)];
  const config = JSON.parse(readFileSync(join(source, "config.json"), "utf8"));
  const files = { ...dialogueFiles(bytes), "config.json": JSON.stringify({ ...config, eos_token_id: 95 }) };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(source, name), content);
  const checkpoint = await openCheckpoint(source);
  await convert(checkpoint, pack, { dtype: "f32", name: "tiny", cache: { policy: "full", sinks: 0, dtype: "f32" } });
  await checkpoint.close();
  return pack;
}
