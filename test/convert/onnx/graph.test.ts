/** Graphs that nobody vouches for. */
import { expect, it } from "vitest";
import { readGraph } from "../../../src/convert/onnx/graph.ts";
import { failureOf } from "../../weights/failing.ts";

function varint(n: number): number[] {
  return n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...varint(Math.floor(n / 128))];
}
const field = (number: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.from([...varint(8 * number + 2), ...varint(bytes.length)]), bytes]);
/** A file whose one weight has these sizes. */
const withShape = (sizes: number[]) => field(7, field(5, field(1, Uint8Array.from(sizes.flatMap(varint)))));

it.each<[what: string, sizes: number[], message: string]>([
  ["more dimensions than a call has arguments", Array(200_000).fill(1), "expected at most 64 dimensions, got 200000"],
  ["more elements than can be counted", [2 ** 31, 2 ** 31], "has too many elements"],
])("%s are refused by name", (_, sizes, message) => {
  const failure = failureOf(() => readGraph(withShape(sizes), "model.onnx"));
  expect([failure.code, failure.param]).toEqual(["weights_invalid", "model.onnx"]);
  expect(failure.message).toContain(message);
});
