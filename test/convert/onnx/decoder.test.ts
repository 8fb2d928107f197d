/** Which graphs are decoders whose state can be held. */
import { describe, expect, it } from "vitest";
import { describeDecoder } from "../../../src/convert/onnx/decoder.ts";
import type { Value } from "../../../src/convert/onnx/graph.ts";

describe("a graph", () => {
  const value = (name: string, type: number, ...shape: (number | string)[]): Value => ({ name, type, shape });
  const ids = value("input_ids", 7, "batch", "sequence");
  const logits = value("logits", 1, "batch", "sequence", 9);
  const key = value("past_key_values.0.key", 1, "batch", 2, "past", 4);
  const next = value("present.0.key", 1, "batch", 2, "total", 4);
  const conv = value("past_conv.0", 1, 1, 6, 3);
  const nextConv = value("present_conv.0", 1, 1, 6, 3);
  const describeIt = (inputs: Value[], outputs: Value[]) =>
    describeDecoder(
      { inputs, outputs, elements: new Map(), operators: new Set(), external: new Map() },
      "model.onnx",
      9,
    );

  it("with states of both kinds is a decoder", () => {
    expect(describeIt([ids, key, conv], [logits, next, nextConv]).state).toEqual([
      { past: "past_key_values.0.key", present: "present.0.key", shape: [1, 2, 0, 4], grows: 2 },
      { past: "past_conv.0", present: "present_conv.0", shape: [1, 6, 3] },
    ]);
  });

  it.each<[what: string, inputs: Value[], outputs: Value[], named: string]>([
    ["an output that is no state", [ids, key], [logits, next, value("hidden", 1)], "hidden"],
    ["float16 state", [ids, { ...key, type: 10 }], [logits, next], "past_key_values.0.key"],
    ["float16 state coming out", [ids, key], [logits, { ...next, type: 10 }], "present.0.key"],
    ["float16 logits", [ids, key], [{ ...logits, type: 10 }, next], "logits"],
    ["int32 ids", [{ ...ids, type: 6 }, key], [logits, next], "input_ids"],
    ["a batch of 2", [ids, { ...key, shape: [2, 2, "past", 4] }], [logits, next], "past_key_values.0.key"],
    ["two open sizes", [ids, { ...key, shape: [1, "heads", "past", 4] }], [logits, next], "past_key_values.0.key"],
    ["an open size in a constant state", [ids, { ...conv, shape: [1, "c", 3] }], [logits, nextConv], "past_conv.0"],
    ["no state at all", [ids], [logits], "past_key_values"],
  ])("with %s is refused", (_, inputs, outputs, named) => {
    expect(() => describeIt(inputs, outputs)).toThrow(new RegExp(`^${named.replaceAll(".", "\\.")}: `));
  });
});
