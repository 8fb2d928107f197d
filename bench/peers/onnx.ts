/** node bench/peers/onnx.ts <graph.onnx>: onnxruntime-web on a graph of export-onnx.ts, one thread. */
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-web";
import { CONTEXT, DECODED, idAt, serve, timed } from "./protocol.ts";

ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(readFileSync(process.argv[2]!), {
  executionProviders: ["wasm"],
  logSeverityLevel: 3,
});
const [Hkv, P] = [3, 64];
const past = session.inputNames.filter((name) => name.startsWith("past_"));

type Feeds = Record<string, ort.Tensor>;
const empty = (): Feeds =>
  Object.fromEntries(past.map((name) => [name, new ort.Tensor("float32", new Float32Array(0), [1, Hkv, 0, P])]));

/** Feeds ids after `position` tokens; the cache goes in and out of the session. */
async function run(ids: number[], position: number, state: Feeds): Promise<{ next: number; state: Feeds }> {
  const end = position + ids.length;
  const out = await session.run({
    ...state,
    input_ids: new ort.Tensor("int64", BigInt64Array.from(ids, BigInt), [1, ids.length]),
    last_position: new ort.Tensor("int32", Int32Array.of(end - 1), [1]),
    total_length: new ort.Tensor("int32", Int32Array.of(end), []),
  });
  const logits = out.logits!.data as Float32Array;
  let next = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[next]!) next = id;
  return { next, state: Object.fromEntries(past.map((name) => [name, out[name.replace("past", "present")]!])) };
}

const vocab = 49_152;
const prompt = Array.from({ length: CONTEXT }, (_, i) => idAt(i, vocab));

serve(`onnxruntime-web ${ort.env.versions.web} (Node ${process.versions.node})`, async () => {
  let now = { next: 0, state: empty() };
  return timed(
    async () => {
      now = await run(prompt, 0, now.state);
    },
    async () => {
      for (let i = 0; i < DECODED; i++) now = await run([now.next], CONTEXT + i, now.state);
    },
  );
});
