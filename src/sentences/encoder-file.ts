/**
 * encoder-file: the sentence encoder's file, as training/sentence_encoder.py writes it.
 *
 * Little endian, every part padded to 16 bytes: magic, version, pieces and bytes of text (u32 each); the pieces' text (UTF-8, parted by line ends);
 * their scores (i16, in 1024ths); the vectors' scales (f16, one a piece); the vectors (two bits a number, four a byte, the first lowest);
 * biases, gains, the mean of all sentences and `own`, which tells questions about one's own life from such about the world (f32); matrices (q4 in kernel
 * order, docs/notation.md).
 */
import { matrixBytes } from "../core/dtype.ts";
import { check } from "../core/failure.ts";
import { padTo } from "../core/sizes.ts";

/** Numbers of a piece's vector, and of a sentence's. */
export const VECTOR = 512;
/** Of what a branch makes of a token. */
export const BRANCH = 256;
/** Tokens that a branch sees at once, and how many of them stand before its own. */
export const BRANCHES = [
  { order: 2, left: 0 },
  { order: 3, left: 1 },
  { order: 5, left: 2 },
] as const;
/** Of the layers behind the branches. */
export const HIDDEN = 320;
export const FEATURES = VECTOR + BRANCHES.length * BRANCH;

const MAGIC = 0x45535652;
/** The version of the file's layout. */
export const ENCODER_VERSION = 2;
/** The version of the directions that are made with it, and of codes that are kept: only those of one version can be compared. */
export const DIRECTIONS_VERSION = 1;
const HEADER_BYTES = 16;

const wide = BRANCHES.length * BRANCH;
const orders = BRANCHES.map(({ order }) => order);

/** Matrices by name, (out, in), in the order of the file. */
const MATRICES: readonly (readonly [name: string, R: number, C: number])[] = [
  ["project", wide, VECTOR],
  ...orders.map((order) => [`first_${order}`, BRANCH, order * BRANCH] as const),
  ...orders.map((order) => [`second_${order}`, BRANCH, order * BRANCH] as const),
  ["pool", VECTOR, FEATURES],
  ["d0", HIDDEN, VECTOR],
  ["p1", HIDDEN, VECTOR],
  ["d1", HIDDEN, HIDDEN],
  ["d2", VECTOR, HIDDEN],
  ["p3", VECTOR, HIDDEN],
  ["d3", VECTOR, VECTOR],
];

const VECTORS: readonly (readonly [name: string, length: number])[] = [
  ["project", wide],
  ["project_gain", wide],
  ["project_bias", wide],
  ...orders.map((order) => [`first_${order}`, BRANCH] as const),
  ...orders.map((order) => [`second_${order}`, BRANCH] as const),
  ["gain", FEATURES],
  ["bias", FEATURES],
  ["pool", VECTOR],
  ["mean", VECTOR],
  ["own", VECTOR],
];

export interface EncoderMatrix {
  /** Bytes from the first matrix on. */
  at: number;
  R: number;
  C: number;
}

export interface EncoderFile {
  pieces: string[];
  scores: Int16Array;
  scales: Uint16Array;
  /** (pieces, VECTOR / 4). */
  codes: Uint8Array;
  vectors: ReadonlyMap<string, Float32Array>;
  matrices: ReadonlyMap<string, EncoderMatrix>;
  /** All matrices, one behind the other. */
  weights: Uint8Array;
}

/** Fails with `weights_invalid` where it is no such file, of another version, or cut short. Only the smaller parts are copied. */
export function readEncoderFile(file: ArrayBuffer | Uint8Array): EncoderFile {
  // A plain one: Node's own are cut into parts without a copy.
  const bytes =
    file instanceof Uint8Array ? new Uint8Array(file.buffer, file.byteOffset, file.byteLength) : new Uint8Array(file);
  const invalid = (expected: string) => `the sentence encoder's file: expected ${expected}`;
  check(bytes.length >= HEADER_BYTES, "weights_invalid", () => invalid(`a header, got ${bytes.length} bytes`));
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const [magic, version, count, textBytes] = [0, 4, 8, 12].map((at) => header.getUint32(at, true)) as [
    ...[number, number, number, number],
  ];
  check(magic === MAGIC, "weights_invalid", () => invalid(`it to begin with RVSE, got ${magic.toString(16)}`));
  check(version === ENCODER_VERSION, "weights_invalid", () => invalid(`version ${ENCODER_VERSION}, got ${version}`));
  const sizes = [textBytes, 2 * count, 2 * count, (count * VECTOR) / 4].map((size) => padTo(size, 16));
  const vectorsAt = HEADER_BYTES + sizes.reduce((sum, size) => sum + size, 0);
  const floats = VECTORS.reduce((sum, [, length]) => sum + length, 0);
  const weightsAt = vectorsAt + 4 * floats;
  const weightBytes = MATRICES.reduce((sum, [, R, C]) => sum + matrixBytes("q4", R, C), 0);
  const whole = weightsAt + weightBytes;
  check(bytes.length === whole, "weights_invalid", () => invalid(`${whole} bytes, got ${bytes.length}`));
  let at = HEADER_BYTES;
  const take = (length: number, padded: number) => {
    at += padded;
    return bytes.subarray(at - padded, at - padded + length);
  };
  const pieces = new TextDecoder().decode(take(textBytes, sizes[0]!)).split("\n");
  check(pieces.length === count, "weights_invalid", () => invalid(`${count} pieces, got ${pieces.length}`));
  const scores = new Int16Array(take(2 * count, sizes[1]!).slice().buffer);
  const scales = new Uint16Array(take(2 * count, sizes[2]!).slice().buffer);
  const codes = take((count * VECTOR) / 4, sizes[3]!);
  const vectors = new Map(
    VECTORS.map(([name, length]) => [name, new Float32Array(take(4 * length, 4 * length).slice().buffer)]),
  );
  let from = 0;
  const matrices = new Map(
    MATRICES.map(([name, R, C]) => {
      const matrix = { at: from, R, C };
      from += matrixBytes("q4", R, C);
      return [name, matrix];
    }),
  );
  return { pieces, scores, scales, codes, vectors, matrices, weights: bytes.subarray(weightsAt) };
}
