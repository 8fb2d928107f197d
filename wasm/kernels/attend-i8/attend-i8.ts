import { KEYS, ROWS, SCORES, begin, finish } from "../attend";
import { block } from "./block";
import { PANEL_WIDTH, digits, rowAt, sixteens } from "./rows";
import { slotOf } from "../cache";

/**
 * Grouped-query attention over an 8-bit ring cache, in integers: queries and weights of values are rounded to 14 bits
 * (one scale per head, and per head and block of 64 slots), so that dot products are exact. The
 * rounding is 1/64 of the cache's own.
 *
 * A row is one query head of one token. Few rows multiply the cache as it lies (tiles.ts); many rows, as in a prefill,
 * share blocks of it laid out for byte dot products (panels.ts). Sums are exact and blocks lie at fixed slots, so both
 * give a token the same bits. P ≤ 512, so that 32-bit sums cannot overflow.
 *
 * Definition: src/kernels/reference/attend.ts.
 */
export function attendI8(
  out: usize, q: usize, qSink: usize, keys: usize, keyScales: usize, values: usize, valueScales: usize,
  T: i32, S: i32, Hq: usize, Hkv: usize, P: usize, scale: f32, sinks: i32, window: i32, ring: i32,
): void {
  const share = Hq / Hkv, all = <usize>T * share;
  const panels = all > 4 && P <= PANEL_WIDTH && (P & 15) == 0;
  for (let h: usize = 0; h < Hkv; h++) {
    const k = keys + h * P, v = values + h * P, ks = keyScales + (h << 2), vs = valueScales + (h << 2);
    for (let n: usize = 0; n < all;) {
      const rows = panels ? min(ROWS, all - n) : min<usize>(4, share - n % share);
      attendRows(out, q, qSink, k, ks, v, vs, n, rows, h, share, S, Hq, Hkv, P, scale, sinks, window, ring, panels);
      n += rows;
    }
  }
}

/** Rows n … n + rows − 1 of key head h: row n is head h · share + n % share of token n / share. */
function attendRows(
  out: usize, q: usize, qSink: usize, keys: usize, keyScales: usize, values: usize, valueScales: usize,
  n: usize, rows: usize, h: usize, share: usize, S: i32, Hq: usize, Hkv: usize, P: usize,
  scale: f32, sinks: i32, window: i32, ring: i32, panels: bool,
): void {
  const oldest = S + <i32>(n / share), newest = S + <i32>((n + rows - 1) / share);
  const outs = out + ((h * share * P) << 2), token = (Hq * P) << 2, leads = h == 0 && n == 0;
  for (let r: usize = 0; r < rows; r++) begin(rowAt(outs, n + r, share, token, P), r, P);
  const sunk = min(sinks, newest + 1);
  if (sunk > 0) round(qSink + ((h * share * P) << 2), n, rows, share, token, P, scale, panels);
  for (let slot = 0; slot < sunk; slot += <i32>KEYS) {
    const end = min(sunk, slot + <i32>KEYS);
    if (leads) fetch(keys, keyScales, values, valueScales, Hkv, P, slot, end);
    block(outs, keys, keyScales, values, valueScales, n, rows, share, token, S, Hkv, P, slot, slot, end, sinks, window, ring, panels);
  }
  const first = max(sinks, oldest - window + 1), seen = newest + 1 - first;
  if (seen > 0) {
    round(q + ((h * share * P) << 2), n, rows, share, token, P, scale, panels);
    const start = slotOf(first, sinks, ring), run = min(seen, sinks + ring - start), wrapped = sinks + seen - run;
    for (let slot = sinks, last = max(wrapped, start + run); slot < last; slot += <i32>KEYS) {
      if (slot >= wrapped && slot + <i32>KEYS <= start) slot += (start - slot) & ~(<i32>KEYS - 1);
      const next = min(slot + <i32>KEYS, sinks + ring);
      // The front of the block holds the newest slots of a wrapped ring, its back the oldest;
      // both in one block is one range.
      const from = slot < wrapped ? slot : max(slot, start);
      const end = start < next ? min(next, start + run) : min(next, wrapped);
      if (leads) fetch(keys, keyScales, values, valueScales, Hkv, P, from, end);
      block(outs, keys, keyScales, values, valueScales, n, rows, share, token, S, Hkv, P, slot, from, end, sinks, window, ring, panels);
    }
  }
  for (let r: usize = 0; r < rows; r++) finish(rowAt(outs, n + r, share, token, P), r, P);
}

/**
 * Loads slots [from, end) of all heads, in the order in which they lie. The products take one head after
 * another, 64 bytes here and 64 there, and wait for memory each time; when all of it was asked for at once,
 * it comes in a third of the time.
 */
function fetch(keys: usize, keyScales: usize, values: usize, valueScales: usize, Hkv: usize, P: usize, from: i32, end: i32): void {
  const row = Hkv * P, slot = <usize>from, slots = <usize>(end - from);
  lines(keys + slot * row, slots * row);
  lines(values + slot * row, slots * row);
  lines(keyScales + ((slot * Hkv) << 2), (slots * Hkv) << 2);
  lines(valueScales + ((slot * Hkv) << 2), (slots * Hkv) << 2);
}

/**
 * One load of each cache line; what is loaded counts for nothing, but stands where scores are written next, so
 * that no compiler leaves it out.
 */
function lines(at: usize, bytes: usize): void {
  let sum: u32 = 0;
  for (const end = at + bytes; at < end; at += 64) sum += load<u8>(at);
  store<u32>(SCORES, sum);
}

function round(q: usize, n: usize, rows: usize, share: usize, token: usize, P: usize, scale: f32, panels: bool): void {
  for (let r: usize = 0; r < rows; r++) {
    const from = rowAt(q, n + r, share, token, P);
    if (panels) digits(from, r, P, scale);
    else sixteens(from, r, P, scale);
  }
}
