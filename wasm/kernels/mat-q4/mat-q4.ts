import { blocksOf } from "../lanes";
import { MOST_BLOCKS, addOffsetPanel, offsetPanel } from "./offset-panels";
import { SUMS, addOffsets1, addOffsets4, recordBytes, roundSums, tokensAtOnce } from "./offsets";
import { MANY, panels } from "./panels";
import { tile4 } from "./tile4";
import { tile1, tile2 } from "./tiles";

/**
 * y (T, pad8(R)) = xq · Wᵀ with 4-bit weights and 8-bit activations.
 *
 * One output is d · Σ_b sx_b · (s_b · dot_b) + m · Σ_b t_b · sum_b over blocks b of 32 inputs. `dot_b` and `s_b · dot_b` (below 2^24) are
 * exact; the sums over blocks round, always in this order, so an output has the same bits in a tile of four tokens as alone.
 * The nibbles are the 7-bit operand of the relaxed dot product. The second sum is in offsets.ts.
 *
 * Dots are summed in lanes of 16 bits (exact: 16 products of at most 15 · 127) or of 32, with equal results; `wideDots` says which is faster.
 * Layout: docs/notation.md. Definition: src/kernels/reference/mat.ts.
 */
export function matQ4(y: usize, xq: usize, w: usize, T: i32, R: i32, C: i32): void {
  if (wideDots) multiply<i32>(y, xq, w, T, R, C);
  else multiply<i16>(y, xq, w, T, R, C);
}

/**
 * Whether a dot product and its 32-bit sum are one instruction (AVX-VNNI, ARM dot product) and not three.
 *
 * Seen by operands outside of 0…127, which only such an instruction multiplies without saturating its pairs: 4 · 127 · 255, or 4 · 127 · −1.
 */
export let wideDots: bool = fused();

function fused(): bool {
  const sum = i32x4.extract_lane(i32x4.relaxed_dot_i8x16_i7x16_add_s(i8x16.splat(127), i8x16.splat(-1), i32x4.splat(0)), 0);
  return sum == 4 * 127 * 255 || sum == -4 * 127;
}

function multiply<Lane>(y: usize, xq: usize, w: usize, T: i32, R: i32, C: i32): void {
  const blocks = blocksOf(C);
  const scales = blocks << 5; // from a row's start to its scales
  const xRow = scales + 2 * (((blocks + 3) >>> 2) << 4);
  const groups = (R + 7) >>> 3;
  const yRow = <usize>groups << 5;
  const group: usize = 64 + blocks * 144;
  const most = tokensAtOnce(blocks), record = recordBytes(blocks);
  for (let left = T; left > 0; left -= <i32>most, y += most * yRow, xq += most * xRow) {
    const tokens = min(<i32>most, left);
    const many = tokens >= MANY && blocks <= MOST_BLOCKS;
    roundSums(xq + scales, xRow, tokens, blocks, many);
    for (let g = 0, head = w, to = y; g < groups; g++, head += group, to += 32) {
      if (many) {
        prefill<Lane>(to, yRow, xq, xRow, scales, head, blocks, tokens);
        continue;
      }
      tiles<Lane>(to, yRow, xq, xRow, scales, head, blocks, tokens);
      let left = tokens, out = to, sums = SUMS;
      for (; left >= 3; left -= 4, out += 4 * yRow, sums += 4 * record) addOffsets4(out, yRow, sums, record, left > 3 ? 3 : 2, head, blocks);
      for (; left > 0; left--, out += yRow, sums += record) addOffsets1(out, sums, head, blocks);
    }
  }
}

/** Eight rows of a few tokens. Three cost less as four with the last one twice. */
function tiles<Lane>(y: usize, yRow: usize, x: usize, xRow: usize, scales: usize, head: usize, blocks: usize, tokens: i32): void {
  for (; tokens >= 3; tokens -= 4, x += 4 * xRow, y += 4 * yRow) tile4<Lane>(y, yRow, x, xRow, tokens > 3 ? 3 : 2, scales, head, blocks);
  if (tokens == 2) tile2<Lane>(y, yRow, x, xRow, scales, head, blocks);
  else if (tokens == 1) tile1<Lane>(y, x, scales, head, blocks);
}

/** Eight rows of many tokens: six at a time, the last ones in tiles. */
function prefill<Lane>(y: usize, yRow: usize, x: usize, xRow: usize, scales: usize, head: usize, blocks: usize, tokens: i32): void {
  const whole = tokens - tokens % 6;
  panels<Lane>(y, yRow, x, xRow, scales, head, blocks, whole);
  offsetPanel(head, blocks);
  addOffsetPanel(y, yRow, SUMS, whole, head, blocks, false);
  y += whole * yRow;
  tiles<Lane>(y, yRow, x + whole * xRow, xRow, scales, head, blocks, tokens - whole);
  addOffsetPanel(y, yRow, SUMS + whole * recordBytes(blocks), tokens - whole, head, blocks, true);
}
