/**
 * startOrt: onnxruntime-web on a WebAssembly module that is compiled already, once per program.
 *
 * workerd compiles no bytes at run time, and onnxruntime-web takes nothing else; but it hands `wasmBinary` to
 * WebAssembly.instantiate. A marker byte goes in there, and while it starts that function answers the marker with
 * an instance of the given module.
 */
import * as ort from "onnxruntime-web/wasm";

export interface Ort {
  /** `files`: what the graph's external data names. The bytes are not needed afterwards. */
  session(graph: Uint8Array, files: { path: string; data: Uint8Array }[]): Promise<ort.InferenceSession>;
  /** Its heap, which never shrinks. */
  readonly heapBytes: number;
}

let started: Promise<Ort> | undefined;

/** `module`: ort-wasm-simd-threaded.wasm of the same version. After a failed start the program must be restarted. */
export function startOrt(module: WebAssembly.Module): Promise<Ort> {
  started ??= start(module);
  return started;
}

async function start(module: WebAssembly.Module): Promise<Ort> {
  const { wasm } = ort.env;
  wasm.numThreads = 1;
  wasm.proxy = false;
  wasm.wasmBinary = Uint8Array.of(0) as unknown as ArrayBuffer;
  let memory: WebAssembly.Memory | undefined;
  const engine = WebAssembly as unknown as { instantiate: (source: unknown, imports?: WebAssembly.Imports) => unknown };
  const instantiate = engine.instantiate;
  engine.instantiate = async (source, imports) => {
    if ((source as { byteLength?: number }).byteLength !== 1) return instantiate.call(WebAssembly, source, imports);
    memory = Object.values(imports!)
      .flatMap((group) => Object.values(group))
      .find((value) => value instanceof WebAssembly.Memory);
    return { module, instance: new WebAssembly.Instance(module, imports) };
  };
  try {
    // There is no call that only starts it: the first session does. No bytes are no model, and that is
    // refused by the started runtime.
    await ort.InferenceSession.create(new Uint8Array(1)).catch((thrown) => {
      if (!memory) throw thrown;
    });
  } finally {
    engine.instantiate = instantiate;
  }
  return {
    session: (graph, files) =>
      ort.InferenceSession.create(graph, {
        executionProviders: ["wasm"],
        logSeverityLevel: 3,
        ...(files.length > 0 ? { externalData: files } : {}),
      }),
    get heapBytes() {
      return memory!.buffer.byteLength;
    },
  };
}
