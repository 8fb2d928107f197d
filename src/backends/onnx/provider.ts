/**
 * provider: how this program comes by onnxruntime-web, when a pack asks for it.
 *
 * Its 14 MB must not be in every Worker, so nothing here imports it. A Worker that serves ONNX packs is deployed from
 * src/index/onnx.ts, which calls `provideOnnx`; a Node program finds it in node_modules.
 */
import { check, Failure } from "../../core/failure.ts";
import type { Manifest } from "../../weights/manifest.ts";
import type { Backend } from "../backend.ts";

export interface OnnxOptions {
  /** Bound of onnxruntime's heap and all states together. */
  maxBytes?: number;
  sliceTokens?: number;
}

export type OpenOnnx = (manifest: Manifest, payload: ArrayBuffer, options: OnnxOptions) => Promise<Backend>;

/** Where the pack's files go before onnxruntime takes them. Fails with `memory_exceeded`. */
export function payloadBuffer(bytes: number, { maxBytes = Number.MAX_SAFE_INTEGER }: OnnxOptions): ArrayBuffer {
  const message = () => `the pack's ${bytes} bytes do not fit in the engine's ${maxBytes}`;
  check(bytes <= maxBytes, "memory_exceeded", message);
  return new ArrayBuffer(bytes);
}

let provided: OpenOnnx | undefined;

export function provideOnnx(open: OpenOnnx): void {
  provided = open;
}

/** Fails with `weights_invalid` where the backend was left out. */
export const openProvided: OpenOnnx = async (manifest, payload, options) => {
  const open = provided ?? (await fromNode());
  return open(manifest, payload, options);
};

// A bundler follows only literal specifiers, so this one stays out of every Worker.
const load = (specifier: string): Promise<{ open: OpenOnnx }> => import(specifier);

async function fromNode(): Promise<OpenOnnx> {
  try {
    return (await load("./node.ts")).open;
  } catch (cause) {
    const message = "the pack holds an ONNX graph, and this program was built without that backend (docs/onnx.md)";
    throw new Failure("weights_invalid", message, { param: "onnx", cause });
  }
}
