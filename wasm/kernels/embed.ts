import { blocksOf } from "./lanes";

/**
 * Rows of a matrix in kernel order, as f32: y (T, C) = W[ids]. A gather of a few KiB a
 * token, so it is written for reading.
 *
 * Definition: src/kernels/reference/embed.ts. Layout: docs/notation.md.
 */
export function embedF32(y: usize, w: usize, ids: usize, T: i32, C: usize): void {
  for (let t = 0; t < T; t++, ids += 4) {
    const id = <usize>load<u32>(ids);
    let from = w + (id >>> 3) * (C << 5) + ((id & 7) << 2);
    for (let c: usize = 0; c < C; c++, from += 32, y += 4) store<f32>(y, load<f32>(from));
  }
}

export function embedF16(y: usize, w: usize, ids: usize, T: i32, C: usize): void {
  for (let t = 0; t < T; t++, ids += 4) {
    const id = <usize>load<u32>(ids);
    let from = w + (id >>> 3) * (C << 4) + ((id & 7) << 1);
    for (let c: usize = 0; c < C; c++, from += 16, y += 4) {
      const h = <i32>load<i16>(from);
      store<f32>(y, reinterpret<f32>((h << 13) & 0x8fffffff) * <f32>5.192296858534828e33); // see `widen` in mat-f16.ts
    }
  }
}

export function embedQ8(y: usize, w: usize, ids: usize, T: i32, C: i32): void {
  const group = blocksOf(C) * 288;
  for (let t = 0; t < T; t++, ids += 4) {
    const id = <usize>load<u32>(ids), r = id & 7;
    const start = w + (id >>> 3) * group;
    for (let c: usize = 0; c < <usize>C; c++, y += 4) {
      const block = start + (c >>> 5) * 288;
      const column = c & 31;
      const q = load<i8>(block + 32 + ((column >>> 1) << 4) + (r << 1) + (column & 1));
      store<f32>(y, load<f32>(block + (r << 2)) * <f32>q);
    }
  }
}

export function embedQ4(y: usize, w: usize, ids: usize, T: i32, C: i32): void {
  const group: usize = 64 + blocksOf(C) * 144;
  for (let t = 0; t < T; t++, ids += 4) {
    const id = <usize>load<u32>(ids), r = id & 7;
    const head = w + (id >>> 3) * group;
    const d = load<f32>(head + (r << 2)), m = load<f32>(head + (r << 2), 32);
    const nibbles = ((r >>> 2) << 4) + ((r & 3) << 2);
    for (let c: usize = 0; c < <usize>C; c++, y += 4) {
      const block = head + 64 + (c >>> 5) * 144;
      const column = c & 15;
      const byte = load<u8>(block + 16 + ((column >>> 2) << 5) + nibbles + (column & 3));
      const q = c & 16 ? byte >>> 4 : byte & 15;
      const s = d * <f32>load<u8>(block + r);
      store<f32>(y, s * <f32>q + m * <f32>load<u8>(block + r, 8));
    }
  }
}
