/**
 * freeBytes: gives the memory of bytes that nobody reads any more back at once. They are empty from then on, and so is
 * every view of them. Idempotent.
 *
 * A runtime that counts only its own small objects, as workerd does, collects garbage seldom: many states of megabytes
 * lie about until then, and what its allocator has taken from the machine at the worst moment it keeps.
 */
export function freeBytes({ buffer }: Uint8Array<ArrayBuffer>): void {
  if (!buffer.detached) buffer.transfer(0);
}
