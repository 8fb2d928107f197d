import { expect, it } from "vitest";
import { matrix, vector } from "../../src/layers/layer.ts";
import { checkAgainstModel } from "../../src/weights/check-against-model.ts";
import { failureOf } from "./failing.ts";
import { samplePack } from "./sample-pack.ts";

const { manifest } = samplePack();
const weights = [matrix("a", 16, 8), vector("b", [3]), matrix("c", 8, 32)];
const refusal = (wanted: typeof weights) => failureOf(() => checkAgainstModel(manifest, wanted));

it("accepts exactly the tensors that the model asks for, in any order", () => {
  for (const wanted of [weights, weights.toReversed()]) expect(() => checkAgainstModel(manifest, wanted)).not.toThrow();
});

it("names a tensor that is missing, extra, or of another kind or shape", () => {
  expect(refusal([...weights, vector("d", [5])]).message).toContain(
    "tensor d: expected vector [5], the pack has no such",
  );
  expect(refusal(weights.slice(1)).message).toContain("tensor a: the model has no such tensor");
  expect(refusal([matrix("a", 8, 16), ...weights.slice(1)]).message).toContain("tensor a: expected [8,16], got [16,8]");
  expect(refusal([vector("a", [16, 8]), ...weights.slice(1)]).message).toContain("expected a vector, got a matrix");
});
