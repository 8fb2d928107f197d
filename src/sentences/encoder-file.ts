/**
 * encoder-file: the sentence encoder's file, as training/sentence_encoder.py writes it.
 *
 * Little endian, every part padded to 16 bytes: magic, version, pieces and bytes of text (u32 each); the pieces' text
 * (UTF-8, parted by line ends); their scores (i16, in 1024ths); the vectors' scales (f16, one a piece); the vectors
 * (two bits a number, four a byte, the first lowest); biases, gains, the mean of all sentences and `own`, which tells
 * questions about one's own life from such about the world (f32); matrices (q4 in kernel order, docs/notation.md).
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
const HIDDEN = 320;
export const FEATURES = VECTOR + BRANCHES.length * BRANCH;

/** Between two pieces of the text. */
export const LINE_END = 10;
const MAGIC = 0x45535652;
/** The version of the file's layout. */
const ENCODER_VERSION = 3;
/**
 * The version of the directions that are made with it, and of codes that are kept: only those
 * of one version can be compared.
 */
export const DIRECTIONS_VERSION = 2;
export const HEADER_BYTES = 16;

/** Of what all branches get of a token. */
export const WIDE = BRANCHES.length * BRANCH;
const orders = BRANCHES.map(({ order }) => order);

/** Matrices by name, (out, in), in the order of the file. */
export const MATRICES: readonly (readonly [name: string, R: number, C: number])[] = [
  ["project", WIDE, VECTOR],
  ...orders.map((order) => [`first_${order}`, BRANCH, order * BRANCH] as const),
  ...orders.map((order) => [`second_${order}`, BRANCH, order * BRANCH] as const),
  ["pool", VECTOR, FEATURES],
  ["d0", HIDDEN, VECTOR],
  ["p1", HIDDEN, VECTOR],
  ["d1", HIDDEN, HIDDEN],
  ["d2", VECTOR, HIDDEN],
  ["p3", VECTOR, HIDDEN],
  ["d3", VECTOR, VECTOR],
  ["asked", VECTOR, VECTOR],
];

const VECTORS: readonly (readonly [name: string, length: number])[] = [
  ["project", WIDE],
  ["project_gain", WIDE],
  ["project_bias", WIDE],
  ...orders.map((order) => [`first_${order}`, BRANCH] as const),
  ...orders.map((order) => [`second_${order}`, BRANCH] as const),
  ["gain", FEATURES],
  ["bias", FEATURES],
  ["pool", VECTOR],
  ["mean", VECTOR],
  ["own", VECTOR],
];

/** A file has fewer pieces than 16 bits can count. */
const MOST_PIECES = 0xffff;

interface EncoderMatrix {
  /** Bytes from the file's begin on. */
  at: number;
  R: number;
  C: number;
}

/** Views of the file. */
export interface EncoderFile {
  count: number;
  /** All pieces, parted by line ends. */
  text: Uint8Array;
  scores: Int16Array;
  scales: Uint16Array;
  /** (pieces, VECTOR / 4). */
  codes: Uint8Array;
  vectors: ReadonlyMap<string, Float32Array>;
  matrices: ReadonlyMap<string, EncoderMatrix>;
}

interface Header {
  count: number;
  textBytes: number;
}

const FLOATS = VECTORS.reduce((sum, [, length]) => sum + length, 0);
const WEIGHT_BYTES = MATRICES.reduce((sum, [, R, C]) => sum + matrixBytes("q4", R, C), 0);

const invalid = (expected: string) => `the sentence encoder's file: expected ${expected}`;

function readHeader(bytes: Uint8Array): Header {
  check(bytes.length >= HEADER_BYTES, "weights_invalid", () => invalid(`a header, got ${bytes.length} bytes`));
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const [magic, version, count, textBytes] = [0, 4, 8, 12].map((at) => header.getUint32(at, true)) as [
    ...[number, number, number, number],
  ];
  check(magic === MAGIC, "weights_invalid", () => invalid(`it to begin with RVSE, got ${magic.toString(16)}`));
  check(version === ENCODER_VERSION, "weights_invalid", () => invalid(`version ${ENCODER_VERSION}, got ${version}`));
  check(count <= MOST_PIECES, "weights_invalid", () => invalid(`at most ${MOST_PIECES} pieces, got ${count}`));
  return { count, textBytes };
}

/** Bytes of the parts before the vectors. */
const partsOf = ({ count, textBytes }: Header): number[] => [textBytes, 2 * count, 2 * count, (count * VECTOR) / 4];

/** How long a file is that begins so. Fails with `weights_invalid` where it is no such file, or of another version. */
export const encoderFileBytes = (begin: Uint8Array): number =>
  partsOf(readHeader(begin)).reduce((sum, size) => sum + padTo(size, 16), HEADER_BYTES + 4 * FLOATS + WEIGHT_BYTES);

/**
 * Of a file of the right length that begins at a multiple of 16 of its buffer. Fails with `weights_invalid` where its
 * text has another number of pieces.
 */
export function readEncoderFile(bytes: Uint8Array): EncoderFile {
  const header = readHeader(bytes);
  let at = HEADER_BYTES;
  const take = (length: number) => {
    const part = bytes.subarray(at, at + length);
    at += padTo(length, 16);
    return part;
  };
  const [text, scores, scales, codes] = partsOf(header).map(take) as [
    ...[Uint8Array, Uint8Array, Uint8Array, Uint8Array],
  ];
  const pieces = text.reduce((sum, byte) => sum + Number(byte === LINE_END), 1);
  check(pieces === header.count, "weights_invalid", () => invalid(`${header.count} pieces, got ${pieces}`));
  const vectors = new Map(
    VECTORS.map(([name, length]) => {
      const { buffer, byteOffset } = take(4 * length);
      return [name, new Float32Array(buffer, byteOffset, length)];
    }),
  );
  const matrices = new Map(
    MATRICES.map(([name, R, C]) => {
      const matrix = { at, R, C };
      at += matrixBytes("q4", R, C);
      return [name, matrix];
    }),
  );
  return {
    ...{ count: header.count, text, codes, vectors, matrices },
    scores: new Int16Array(scores.buffer, scores.byteOffset, header.count),
    scales: new Uint16Array(scales.buffer, scales.byteOffset, header.count),
  };
}
