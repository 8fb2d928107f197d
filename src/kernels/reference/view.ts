/** Views into the shared memory. Made at every call, because a memory that grew has a new buffer. */

export const floats = (memory: WebAssembly.Memory, at: number, n: number): Float32Array =>
  new Float32Array(memory.buffer, at, n);

export const words = (memory: WebAssembly.Memory, at: number, n: number): Uint32Array =>
  new Uint32Array(memory.buffer, at, n);

export const signedBytes = (memory: WebAssembly.Memory, at: number, n: number): Int8Array =>
  new Int8Array(memory.buffer, at, n);

export const bytes = (memory: WebAssembly.Memory, at: number, n: number): Uint8Array =>
  new Uint8Array(memory.buffer, at, n);

/** Floats that T rows of `width` span when they start `stride` floats apart. */
export const span = (T: number, stride: number, width: number): number => (T ? (T - 1) * stride + width : 0);
