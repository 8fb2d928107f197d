/**
 * encoder-memory: the sentence encoder's file in the memory in which it is computed with, once and as it is, and
 * behind it the room for one sentence.
 *
 * A file that comes as a stream goes there piece by piece, so that it is never held twice: in an
 * isolate there is no room for that.
 */
import { quantizedRowBytes } from "../core/dtype.ts";
import { check } from "../core/failure.ts";
import { padTo } from "../core/sizes.ts";
import { encoderFileBytes, HEADER_BYTES, MATRICES, VECTOR, WIDE } from "./encoder-file.ts";

/** Of a longer sentence the beginning counts. */
export const TOKENS_MAX = 64;
/** Rows of zeros around a sentence, for the widest branch. */
const AROUND = 4;
/** Kernels keep their own data below it. */
const FILE_AT = 65_536;
const PAGE = 65_536;

export interface EncoderMemory {
  memory: WebAssembly.Memory;
  fileAt: number;
  fileBytes: number;
  /** Where a product's input is rounded, where it lies, and where its output goes. */
  rounded: number;
  input: number;
  output: number;
}

/**
 * For a file of so many bytes. Its widest product reads the sum of a sentence, all others
 * at most `VECTOR` floats a token.
 */
function memoryFor(fileBytes: number): EncoderMemory {
  const widest = Math.max(...MATRICES.map(([, , C]) => C));
  const rounded = padTo(FILE_AT + fileBytes, 16);
  const input = rounded + TOKENS_MAX * quantizedRowBytes(widest);
  const output = input + 4 * (TOKENS_MAX + AROUND) * VECTOR;
  const end = output + 4 * TOKENS_MAX * WIDE;
  const memory = new WebAssembly.Memory({ initial: padTo(end, PAGE) / PAGE });
  return { memory, fileAt: FILE_AT, fileBytes, rounded, input, output };
}

/** Fails with `weights_invalid` where it is no such file. */
export function encoderMemory(file: ArrayBuffer | Uint8Array): EncoderMemory {
  const bytes = file instanceof Uint8Array ? file : new Uint8Array(file);
  const made = memoryFor(encoderFileBytes(bytes));
  checkLength(bytes.length, made);
  new Uint8Array(made.memory.buffer).set(bytes, made.fileAt);
  return made;
}

/** Fails with `weights_invalid`, or as the stream does. */
export async function streamedEncoderMemory(file: ReadableStream<Uint8Array>): Promise<EncoderMemory> {
  let made: EncoderMemory | undefined;
  let next: Uint8Array = new Uint8Array();
  let length = 0;
  for await (const bytes of file) {
    next = made ? bytes : joined(next, bytes);
    if (!made && next.length < HEADER_BYTES) continue;
    made ??= memoryFor(encoderFileBytes(next));
    if (length + next.length > made.fileBytes) checkLength(length + next.length, made);
    new Uint8Array(made.memory.buffer).set(next, made.fileAt + length);
    length += next.length;
  }
  made ??= memoryFor(encoderFileBytes(next));
  checkLength(length, made);
  return made;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

const checkLength = (length: number, { fileBytes }: EncoderMemory) =>
  check(
    length === fileBytes,
    "weights_invalid",
    () => `the sentence encoder's file: expected ${fileBytes} bytes, got ${length}`,
  );
