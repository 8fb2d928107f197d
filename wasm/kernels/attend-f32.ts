import { KEYS, SCORES, begin, exponentials, finish, sums4, unseen } from "./attend";
import { slotOf } from "./cache";
import { madd, matmul } from "./matmul";

/**
 * Grouped-query attention over an f32 ring cache: sinks first, then the window as at most two runs of slots.
 * Query heads that share a key head are taken up to four at a time, so each key and value is read once for them.
 *
 * Definition: src/kernels/reference/attend.ts.
 */
export function attendF32(
  out: usize, q: usize, qSink: usize, keys: usize, values: usize,
  T: i32, S: i32, Hq: usize, Hkv: usize, P: usize, scale: f32, sinks: i32, window: i32, ring: i32,
): void {
  const share = Hq / Hkv, head = P << 2, row = Hkv * head;
  for (let t = 0; t < T; t++) {
    const position = S + t;
    const sunk = <usize>min(sinks, position + 1);
    const first = max(sinks, position - window + 1);
    const start = <usize>slotOf(first, sinks, ring);
    const seen = <usize>max(position + 1 - first, 0);
    const run = min(seen, <usize>(sinks + ring) - start);
    for (let h: usize = 0, at: usize = 0; h < Hkv; h++, at += head) {
      for (let r: usize = 0; r < share; r += 4) {
        const rows = min<usize>(4, share - r);
        for (let n: usize = 0; n < rows; n++) begin(out + n * head, n, P);
        blocks(out, qSink, rows, keys + at, values + at, row, P, scale, sunk);
        blocks(out, q, rows, keys + at + start * row, values + at + start * row, row, P, scale, run);
        blocks(out, q, rows, keys + at + <usize>sinks * row, values + at + <usize>sinks * row, row, P, scale, seen - run);
        for (let n: usize = 0; n < rows; n++) finish(out + n * head, n, P);
        out += rows * head; q += rows * head; qSink += rows * head;
      }
    }
  }
}

/** `count` neighbouring slots. */
function blocks(
  out: usize, q: usize, rows: usize, keys: usize, values: usize, row: usize, P: usize, scale: f32, count: usize,
): void {
  for (; count > 0; keys += KEYS * row, values += KEYS * row) {
    const n = min(count, KEYS);
    let r: usize = 0;
    for (; r + 2 <= rows; r += 2) dots2(SCORES + ((r * KEYS) << 2), q + ((r * P) << 2), keys, row, n, P, scale);
    if (r < rows) dots1(SCORES + ((r * KEYS) << 2), q + ((r * P) << 2), keys, row, n, P, scale);
    for (r = 0; r < rows; r++) {
      const to = (n + 7) & ~7;
      unseen(r, n, to);
      exponentials<f32>(out + ((r * P) << 2), r, P, 0, to);
    }
    matmul(out, P << 2, SCORES, KEYS << 2, values, row, rows, P, n, true);
    count -= n;
  }
}

/**
 * Scores of two heads against `count` keys, four at a time. Past the last key the last is taken
 * again; those scores are not used.
 */
function dots2(to: usize, q: usize, keys: usize, row: usize, count: usize, P: usize, scale: f32): void {
  const head = P << 2, whole = head & ~15, r = q + head, last = count - 1, factor = f32x4.splat(scale);
  for (let k: usize = 0; k < count; k += 4, to += 16) {
    const k0 = keys + k * row, k1 = keys + min(k + 1, last) * row, k2 = keys + min(k + 2, last) * row, k3 = keys + min(k + 3, last) * row;
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    for (let i: usize = 0; i < whole; i += 16) {
      const x = v128.load(q + i), y = v128.load(r + i);
      let key = v128.load(k0 + i); a0 = madd(a0, x, key); b0 = madd(b0, y, key);
      key = v128.load(k1 + i); a1 = madd(a1, x, key); b1 = madd(b1, y, key);
      key = v128.load(k2 + i); a2 = madd(a2, x, key); b2 = madd(b2, y, key);
      key = v128.load(k3 + i); a3 = madd(a3, x, key); b3 = madd(b3, y, key);
    }
    let a = sums4(a0, a1, a2, a3), b = sums4(b0, b1, b2, b3);
    for (let i = whole; i < head; i += 4) {
      const column = gather(k0 + i, k1 + i, k2 + i, k3 + i);
      a = madd(a, v128.load32_splat(q + i), column);
      b = madd(b, v128.load32_splat(r + i), column);
    }
    v128.store(to, f32x4.mul(a, factor));
    v128.store(to + (KEYS << 2), f32x4.mul(b, factor));
  }
}

function dots1(to: usize, q: usize, keys: usize, row: usize, count: usize, P: usize, scale: f32): void {
  const head = P << 2, whole = head & ~15, last = count - 1;
  for (let k: usize = 0; k < count; k += 4, to += 16) {
    const k0 = keys + k * row, k1 = keys + min(k + 1, last) * row, k2 = keys + min(k + 2, last) * row, k3 = keys + min(k + 3, last) * row;
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
    for (let i: usize = 0; i < whole; i += 16) {
      const x = v128.load(q + i);
      a0 = madd(a0, x, v128.load(k0 + i));
      a1 = madd(a1, x, v128.load(k1 + i));
      a2 = madd(a2, x, v128.load(k2 + i));
      a3 = madd(a3, x, v128.load(k3 + i));
    }
    let a = sums4(a0, a1, a2, a3);
    for (let i = whole; i < head; i += 4) a = madd(a, v128.load32_splat(q + i), gather(k0 + i, k1 + i, k2 + i, k3 + i));
    v128.store(to, f32x4.mul(a, f32x4.splat(scale)));
  }
}

/** One float from each of four places. */
// @ts-ignore: decorator
@inline export function gather(a: usize, b: usize, c: usize, d: usize): v128 {
  const v = v128.load32_lane(b, v128.load32_zero(a), 1);
  return v128.load32_lane(d, v128.load32_lane(c, v, 2), 3);
}
