/**
 * Opens an ONNX pack on onnxruntime-web. Import this only where ONNX packs are served: it brings
 * onnxruntime-web along (docs/onnx.md).
 */
import { Failure } from "../../core/failure.ts";
import type { Manifest } from "../../weights/manifest.ts";
import { shardStarts } from "../../weights/parse-manifest.ts";
import type { Backend } from "../backend.ts";
import { failureOf, OnnxEngine } from "./engine.ts";
import type { Ort } from "./ort.ts";
import type { OnnxOptions } from "./provider.ts";

export { startOrt } from "./ort.ts";

/** The scan's scratch grows with the square of the slice. */
const SLICE_TOKENS = 32;

/**
 * `payload`: the pack's files one after another; of no use afterwards. Fails with `weights_invalid` when the graph is
 * not what the pack says, with `memory_exceeded` when its weights leave no room for a state.
 */
export async function openOnnx(
  manifest: Manifest,
  payload: ArrayBuffer,
  ort: Ort,
  options: OnnxOptions = {},
): Promise<Backend> {
  const decoder = manifest.onnx!;
  const starts = shardStarts(manifest);
  const files = manifest.tensors.map(({ name, shard, offset, bytes }) => ({
    path: name,
    data: new Uint8Array(payload, starts[shard]! + offset, bytes),
  }));
  const graph = files.find(({ path }) => path === decoder.graph)!;
  const external = files.filter((file) => file !== graph);
  const session = await ort.session(graph.data, external).catch((cause) => {
    throw (
      failureOf(cause) ?? refusal(decoder.graph, `onnxruntime cannot run it: ${String(cause).slice(0, 300)}`, cause)
    );
  });
  const inputs = new Map(session.inputMetadata.map((input) => [input.name, input]));
  for (const name of [...decoder.inputs, ...decoder.state.map(({ past }) => past)])
    if (!inputs.delete(name)) throw refusal(decoder.graph, `expected an input ${name}, the graph has none`);
  const [extra] = inputs.keys();
  if (extra !== undefined) throw refusal(decoder.graph, `input ${extra}: the pack does not say what it is`);
  const outputs = new Set(session.outputNames);
  for (const name of ["logits", ...decoder.state.map(({ present }) => present)])
    if (!outputs.has(name)) throw refusal(decoder.graph, `expected an output ${name}, the graph has none`);
  const engine = new OnnxEngine({
    session,
    decoder,
    ort,
    contextLength: manifest.contextLength,
    sliceTokens: options.sliceTokens ?? SLICE_TOKENS,
    maxBytes: options.maxBytes ?? Number.MAX_SAFE_INTEGER,
  });
  engine.reserve(engine.stateBytes(0));
  return engine;
}

const refusal = (file: string, message: string, cause?: unknown) =>
  new Failure("weights_invalid", `${file}: ${message}`, { param: file, cause });
