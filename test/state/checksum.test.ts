import { expect, it } from "vitest";
import { checksum } from "../../src/state/checksum.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

it("is the tag of AES-GCM, of nothing that is enciphered", () => {
  // Test case 1 of the specification of GCM (McGrew and Viega): a key and a nonce of zeros.
  expect(hex(checksum(new Uint8Array(0)))).toBe("58e2fccefa7e3061367f1d57a4e7455a");
});

it("is of the bytes, wherever they lie, and of their number", () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => 7 * i);
  expect(checksum(new Uint8Array([1, ...bytes, 2]).subarray(1, -1))).toEqual(checksum(bytes));
  for (const at of [0, 1, 16, bytes.length])
    expect(checksum(bytes.subarray(0, at), bytes.subarray(at))).toEqual(checksum(bytes));
  const sums = Array.from({ length: 100 }, (_, length) => hex(checksum(new Uint8Array(length))));
  expect(new Set(sums).size).toBe(100);
});
