import { blocksOf } from "../lanes";
import { TOTALS } from "./dots";
import { MOST_BLOCKS, addOffsetPanel, offsetPanel } from "./offset-panels";
import { SUMS, addOffsets1, addOffsets4, recordBytes, roundSums, tokensAtOnce } from "./offsets";
import { pair1 } from "./pair1";
import { MANY, panels } from "./panels";
import { tile4Narrow } from "./tile4";
import { tile1, tile2, tile4 } from "./tiles";

/**
 * y (T, pad8(R)) = xq · Wᵀ with 4-bit weights and 8-bit activations.
 *
 * One output is d · Σ_b sx_b · (s_b · dot_b) + m · Σ_b t_b · sum_b over blocks b of 32 inputs. `dot_b` and
 * `s_b · dot_b` (below 2^24) are exact; the sums over blocks round, always in this order, so an output has the same
 * bits in a tile of four tokens as alone, and from wherever in the matrix its rows are read.
 * The nibbles are the 7-bit operand of the relaxed dot product. The second sum is in offsets.ts.
 *
 * Dots are summed in lanes of 16 bits (exact: 16 products of at most 15 · 127) or of 32, with equal results; `wideDots`
 * says which is faster. Layout: docs/notation.md. Definition: src/kernels/reference/mat.ts.
 */
export function matQ4(y: usize, xq: usize, w: usize, T: i32, R: i32, C: i32): void {
  if (wideDots) multiply<i32>(y, xq, w, T, R, C);
  else multiply<i16>(y, xq, w, T, R, C);
}

/**
 * The sum of dots of operands outside of 0…127, where the pairs of an instruction that multiplies bytes alone would
 * be 2 · 127 · 255 and saturate.
 */
const outside: i32 = i32x4.extract_lane(i32x4.relaxed_dot_i8x16_i7x16_add_s(i8x16.splat(127), i8x16.splat(-1), i32x4.splat(0)), 0);
/** Whether a dot product and its 32-bit sum are one instruction (AVX-VNNI, ARM dot product) and not three. */
export let wideDots: bool = outside == 4 * 127 * 255 || outside == -4 * 127;
/** Whether it takes its second operand as unsigned (AVX-VNNI). */
export let unsignedDots: bool = outside == 4 * 127 * 255;

function multiply<Lane>(y: usize, xq: usize, w: usize, T: i32, R: i32, C: i32): void {
  const blocks = blocksOf(C);
  const scales = blocks << 5; // from a row's start to its scales
  const xRow = scales + 2 * (((blocks + 3) >>> 2) << 4);
  const groups = (R + 7) >>> 3;
  const yRow = <usize>groups << 5;
  const most = tokensAtOnce(blocks);
  for (let left = T; left > 0; left -= <i32>most, y += most * yRow, xq += most * xRow) {
    const tokens = min(<i32>most, left);
    const many = sizeof<Lane>() == 4 && tokens >= MANY && blocks <= MOST_BLOCKS;
    roundSums(xq + scales, xRow, tokens, blocks, many);
    if (many) prefill(y, yRow, xq, xRow, scales, w, blocks, groups, tokens);
    else few<Lane>(y, yRow, xq, xRow, scales, w, blocks, groups, tokens);
  }
}

/** A row group after another, or from several places at once, as long as memory and not the arithmetic is the limit. */
function few<Lane>(y: usize, yRow: usize, x: usize, xRow: usize, scales: usize, w: usize, blocks: usize, groups: i32, tokens: i32): void {
  const group: usize = 64 + blocks * 144, record = recordBytes(blocks);
  for (let places = placesOf<Lane>(tokens); groups > 0; places = 1) {
    const each = groups / places, step = <usize>each * group, yStep = <usize>each << 5;
    for (let g = each; g > 0; g--, w += group, y += 32) {
      tiles<Lane>(y, yRow, x, xRow, scales, w, blocks, tokens, places, step, yStep);
      for (let p = places, to = y, head = w; p > 0; p--, to += yStep, head += step) {
        let left = tokens, out = to, sums = SUMS;
        for (; left >= 3; left -= 4, out += 4 * yRow, sums += 4 * record) addOffsets4(out, yRow, sums, record, left > 3 ? 3 : 2, head, blocks);
        for (; left > 0; left--, out += yRow, sums += record) addOffsets1(out, sums, head, blocks);
      }
    }
    groups -= each * places;
    w += <usize>(places - 1) * step;
    y += <usize>(places - 1) * yStep;
  }
}

/**
 * At how many places a matrix is read at once. The more tokens a block is multiplied with, the less memory is waited
 * for, so from three tokens on one place is enough: Zen 5 waits longer at two, most of all in small matrices. For one
 * token Zen 3, which has no instruction for a dot product, wants four places, and Zen 5 two.
 */
// @ts-ignore: decorator
@inline function placesOf<Lane>(tokens: i32): i32 {
  return tokens > 2 ? 1 : sizeof<Lane>() == 2 && tokens == 1 ? 4 : 2;
}

/** Eight rows of a few tokens at each place. Three cost less as four with the last one twice. */
function tiles<Lane>(
  y: usize, yRow: usize, x: usize, xRow: usize, scales: usize, head: usize, blocks: usize, tokens: i32, places: i32, step: usize, yStep: usize,
): void {
  for (; tokens >= 3; tokens -= 4, x += 4 * xRow, y += 4 * yRow) {
    const fourth: usize = tokens > 3 ? 3 : 2;
    if (sizeof<Lane>() == 4) tile4(y, yRow, x, xRow, fourth, scales, head, blocks);
    else tile4Narrow(y, yRow, x, xRow, fourth, scales, head, blocks);
  }
  if (tokens == 2) tile2<Lane>(y, yRow, x, xRow, scales, head, blocks, places, step, yStep);
  else if (tokens == 1) {
    if (sizeof<Lane>() == 2 || places == 1) tile1<Lane>(y, x, scales, head, blocks, places, step, yStep);
    else if (unsignedDots) pair1<u32>(y, x, scales, head, blocks, step, yStep);
    else pair1<i32>(y, x, scales, head, blocks, step, yStep);
  }
}

/** Many tokens: six at a time, the last ones in tiles. */
function prefill(y: usize, yRow: usize, x: usize, xRow: usize, scales: usize, w: usize, blocks: usize, groups: i32, tokens: i32): void {
  const rest = tokens % 6, whole = tokens - rest, last = TOTALS + (<usize>whole << 5);
  for (; groups > 0; groups--, w += 64 + blocks * 144, y += 32) {
    panels(x, xRow, scales, w, blocks, whole);
    tiles<i32>(last, 32, x + <usize>whole * xRow, xRow, scales, w, blocks, rest, 1, 0, 0);
    offsetPanel(w, blocks);
    addOffsetPanel(y, yRow, TOTALS, SUMS, whole, w, blocks, false);
    addOffsetPanel(y + <usize>whole * yRow, yRow, last, SUMS + <usize>whole * recordBytes(blocks), rest, w, blocks, true);
  }
}
