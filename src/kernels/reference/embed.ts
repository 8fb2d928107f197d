/** The definition of embed*: rows of W chosen by ids. */
import { type Dtype, matrixBytes } from "../../core/dtype.ts";
import type { Kernels } from "../kernels.ts";
import { unpackRow } from "../layout.ts";
import { floats, words } from "./view.ts";

export const embedF32 = (memory: WebAssembly.Memory) => embed(memory, "f32");
export const embedF16 = (memory: WebAssembly.Memory) => embed(memory, "f16");
export const embedQ8 = (memory: WebAssembly.Memory) => embed(memory, "q8");
export const embedQ4 = (memory: WebAssembly.Memory) => embed(memory, "q4");

function embed(memory: WebAssembly.Memory, dtype: Dtype): Kernels["embedF32"] {
  return (y, w, ids, T, C) => {
    words(memory, ids, T).forEach((id, t) => {
      const group = new DataView(memory.buffer, w + (id >>> 3) * matrixBytes(dtype, 8, C), matrixBytes(dtype, 8, C));
      unpackRow(dtype, group, id & 7, C, floats(memory, y + 4 * t * C, C));
    });
  };
}
