import { expect, it } from "vitest";
import { freeBytes } from "../../src/core/free-bytes.ts";

it("leaves nothing of the bytes, nor of any view of them", () => {
  const bytes = new Uint8Array(1_000_000).fill(7);
  const view = bytes.subarray(10, 20);
  freeBytes(bytes);
  expect([bytes.length, view.length, bytes.buffer.byteLength]).toEqual([0, 0, 0]);
  expect(bytes.buffer.detached).toBe(true);
  expect(() => freeBytes(view), "again").not.toThrow();
});
