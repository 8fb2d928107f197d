import { exp4 } from "./exp";
import { largest, loadPart, storePart, sum } from "./lanes";

/** x (n) ← e^(x − max) / Σ, in place. Definition: src/kernels/reference/softmax.ts. */
export function softmax(x: usize, n: usize): void {
  const whole = (n << 2) & ~15, bytes = n << 2, rest = n & 3;
  let most = f32x4.splat(-Infinity);
  for (let i: usize = 0; i < whole; i += 16) most = f32x4.max(most, v128.load(x + i));
  let max = largest(most);
  for (let i = whole; i < bytes; i += 4) max = Mathf.max(max, load<f32>(x + i));
  const shift = f32x4.splat(max);
  let total = f32x4.splat(0);
  for (let i: usize = 0; i < whole; i += 16) {
    const e = exp4(f32x4.sub(v128.load(x + i), shift));
    v128.store(x + i, e);
    total = f32x4.add(total, e);
  }
  let all = sum(total);
  if (rest) {
    storePart(x + whole, exp4(f32x4.sub(loadPart(x + whole, rest), shift)), rest);
    for (let i = whole; i < bytes; i += 4) all += load<f32>(x + i);
  }
  const factor = f32x4.splat(<f32>1 / all);
  for (let i: usize = 0; i < whole; i += 16) v128.store(x + i, f32x4.mul(v128.load(x + i), factor));
  if (rest) storePart(x + whole, f32x4.mul(loadPart(x + whole, rest), factor), rest);
}
