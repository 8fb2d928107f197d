import { KEYS, SCORES, exponentials, unseen } from "../attend";
import { addPanel, keyPanel, panelScores, panelSums, valuePanel } from "./panels";
import { KEY_SCALES, QUERIES, QUERY_SCALES, VALUE_SCALES, WEIGHTS, WEIGHT_SCALES, rowAt, weights } from "./rows";
import { addWeighted, dots1, dots2 } from "./tiles";
import { slotOf } from "../cache";

/**
 * One block of up to 64 slots that begins at `slot`, of which [first, end) is seen by some row: scores, softmax,
 * values. Rows as in `attendRows`; slots below `sinks` are sinks.
 */
export function block(
  outs: usize, keys: usize, keyScales: usize, values: usize, valueScales: usize,
  n: usize, rows: usize, share: usize, token: usize, S: i32, Hkv: usize, P: usize,
  slot: i32, first: i32, end: i32, sinks: i32, window: i32, ring: i32, panels: bool,
): void {
  const from = <usize>(first - slot) & ~7, count = <usize>(end - slot), to = (count + 7) & ~7;
  const row = Hkv * P, begins = <usize>slot * row;
  gatherScales(KEY_SCALES, keyScales + <usize>slot * (Hkv << 2), Hkv << 2, from, count);
  gatherScales(VALUE_SCALES, valueScales + <usize>slot * (Hkv << 2), Hkv << 2, from, count);
  if (panels) {
    keyPanel(keys + begins, row, from, count, P);
    panelScores(rows, from, to, P);
  } else dots(rows, keys + begins, row, from, count, P);
  for (let r: usize = 0; r < rows; r++) {
    const position = S + <i32>((n + r) / share);
    if (!seen(r, position, slot, <i32>from, <i32>count, sinks, window, ring)) {
      store<f32>(WEIGHT_SCALES + (r << 2), -1);
      continue;
    }
    exponentials<i16>(rowAt(outs, n + r, share, token, P), r, P, from, to);
    weights(r, from, to, panels);
  }
  if (panels) {
    valuePanel(values + begins, row, from, count, P);
    for (let i: usize = 0; i < P; i += KEYS) {
      const columns = min(KEYS, P - i);
      panelSums(rows, i, columns, from, to, P);
      for (let r: usize = 0; r < rows; r++) addPanel(rowAt(outs, n + r, share, token, P) + (i << 2), r, columns);
    }
  } else if (load<f32>(WEIGHT_SCALES) >= 0) {
    const skipped = from * row;
    addWeighted(rowAt(outs, n, share, token, P), rows, WEIGHTS + (from << 1), WEIGHT_SCALES, values + begins + skipped, row, count - from, P);
  }
}

function dots(rows: usize, keys: usize, row: usize, from: usize, count: usize, P: usize): void {
  let r: usize = 0;
  const k = keys + from * row;
  for (; r + 2 <= rows; r += 2) dots2(SCORES + ((r * KEYS + from) << 2), QUERIES + ((r * P) << 1), k, row, count - from, P);
  if (r < rows) dots1(SCORES + ((r * KEYS + from) << 2), QUERIES + ((r * P) << 1), k, row, count - from, P);
}

/** Integer scores of row r as floats, −∞ where its token does not see; false where it sees nothing. */
function seen(r: usize, position: i32, slot: i32, from: i32, count: i32, sinks: i32, window: i32, ring: i32): bool {
  // The token sees [0, front) and [back, end) of the block.
  let front = 0, back = count, end = count;
  if (slot < sinks) front = min(position + 1 - slot, count);
  else {
    const first = max(sinks, position - window + 1), all = position + 1 - first;
    if (all <= 0) return false;
    const start = slotOf(first, sinks, ring), run = min(all, sinks + ring - start);
    front = min(max(sinks + all - run - slot, 0), count);
    const a = max(start - slot, 0), b = min(start + run - slot, count);
    if (a < b) {
      back = a;
      end = b;
    }
  }
  if (front <= 0 && back >= end) return false;
  const row = SCORES + ((r * KEYS) << 2), scale = v128.load32_splat(QUERY_SCALES + (r << 2)), to = (count + 7) & ~7;
  for (let k = <usize>from << 2; k < <usize>to << 2; k += 16) {
    const score = f32x4.mul(f32x4.convert_i32x4_s(v128.load(row + k)), f32x4.mul(scale, v128.load(KEY_SCALES + k)));
    v128.store(row + k, score);
  }
  unseen(r, max(front, from), back);
  unseen(r, end, to);
  return true;
}

/** Scales of slots [begin, end) of one head side by side; zero up to the next multiple of eight. */
function gatherScales(to: usize, from: usize, row: usize, begin: usize, end: usize): void {
  v128.store(to + ((end & ~3) << 2), f32x4.splat(0));
  v128.store(to + ((end & ~7) << 2), f32x4.splat(0), 16);
  from += begin * row;
  for (let k = begin; k < end; k++, from += row) store<f32>(to + (k << 2), load<f32>(from));
}
