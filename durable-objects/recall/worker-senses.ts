/**
 * The Worker's sentence encoder: loaded with the first model that leaves it room, and then kept for the isolate.
 * Without it turns are found by their words alone.
 */
import type { Backend } from "../../src/backends/backend.ts";
import { Failure } from "../../src/core/failure.ts";
import { streamedEncoderMemory } from "../../src/sentences/encoder-memory.ts";
import { SentenceEncoder } from "../../src/sentences/sentence-encoder.ts";
import kernels from "../../wasm/build/kernels.wasm";
import { hasRoomBeside, type Sized } from "../model/admission.ts";
import { ISOLATE_BYTES, memoryBytes } from "../model/pack.ts";
import { sensesBy } from "./sense.ts";

/** The file, room for a sentence, and the table of its pieces. */
const ENCODER_BYTES = 9e6;

/** A folder with the encoder's file, else a folder of that name among the assets. */
type EncoderBindings = Pick<Env, "ASSETS"> & { SENTENCE_ENCODER?: Fetcher };

let encoder: SentenceEncoder | undefined;
let loading: Promise<void> | undefined;

/** What turns are indexed and searched with: nothing before `readySenses` has found an encoder. */
export const workerSenses = sensesBy(() => encoder);

/**
 * Loads the encoder where it fits beside the model; never fails, since recall can do without it, and
 * says in the log where it must.
 */
export function readySenses(env: EncoderBindings, { backend }: { backend: Backend }): Promise<void> {
  loading ??= load(env, backend);
  return loading;
}

async function load(env: EncoderBindings, backend: Backend): Promise<void> {
  try {
    if (!hasRoomForEncoder(memoryBytes(env), backend)) {
      console.warn(
        `recall goes by words alone: beside this model an isolate of ${ISOLATE_BYTES / 1e6} MB has no ${ENCODER_BYTES / 1e6} MB left for the sentence encoder`,
      );
      return;
    }
    encoder = new SentenceEncoder(await streamedEncoderMemory(await encoderFile(env)), kernels);
  } catch (thrown) {
    console.error("recall goes by words alone: the sentence encoder cannot be loaded.", thrown);
  }
}

/** Not in the Worker's bundle, which would then fit no free plan. */
async function encoderFile({ SENTENCE_ENCODER, ASSETS }: EncoderBindings): Promise<ReadableStream<Uint8Array>> {
  const response = await (SENTENCE_ENCODER
    ? SENTENCE_ENCODER.fetch("http://assets/encoder.bin")
    : ASSETS.fetch("http://assets/sentence-encoder/encoder.bin"));
  if (!response.ok)
    throw new Failure("weights_unavailable", `encoder.bin: expected status 200, got ${response.status}`);
  return response.body!;
}

/** Of a machine's memory there is enough; an isolate has room beside a model and its states, or not. */
export const hasRoomForEncoder = (bytes: number, backend: Sized): boolean =>
  bytes >= ISOLATE_BYTES + ENCODER_BYTES || hasRoomBeside(backend, ISOLATE_BYTES, ENCODER_BYTES);
