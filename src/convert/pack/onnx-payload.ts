/** writeGraph: the files of an ONNX decoder into a pack's payload, one after another. */
import { check } from "../../core/failure.ts";
import type { CachePolicy } from "../../weights/manifest.ts";
import type { OnnxSource } from "../onnx/source.ts";
import type { PayloadWriter } from "./payload-writer.ts";

const PIECE_BYTES = 4 * 1024 * 1024;

interface Options {
  onProgress?: (doneBytes: number, totalBytes: number, tensor: string) => void;
  signal?: AbortSignal;
}

export async function writeGraph({ onnx }: OnnxSource, writer: PayloadWriter, options: Options): Promise<void> {
  const { onProgress, signal } = options;
  const total = onnx.files.reduce((n, { size }) => n + size, 0);
  let done = 0;
  for (const file of onnx.files) {
    await writer.begin({ name: file.name, kind: "file", dtype: onnx.dtype, shape: [file.size], bytes: file.size });
    for (let at = 0; at < file.size; at += PIECE_BYTES) {
      signal?.throwIfAborted();
      const piece = await file.read(at, Math.min(PIECE_BYTES, file.size - at));
      await writer.append(piece);
      done += piece.length;
      onProgress?.(done, total, file.name);
    }
  }
  await writer.finish();
}

/** The graph attends to what it attends to. Fails with `request_invalid` when another cache was asked for. */
export function graphCache(asked: CachePolicy): CachePolicy {
  const message = () => "--window: an ONNX graph keeps every position";
  check(asked.policy === "full", "request_invalid", message, "window");
  return { policy: "full", sinks: 0, dtype: "f32" };
}
