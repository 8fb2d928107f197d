import { expect, it } from "vitest";
import { Failure } from "../../src/core/failure.ts";
import { padTo } from "../../src/core/sizes.ts";
import { parseManifest, payloadBytes } from "../../src/weights/parse-manifest.ts";
import { mutated, randomBelow } from "./random.ts";
import { samplePack } from "./sample-pack.ts";

it("refuses or soundly reads 20,000 damaged manifests (M4)", () => {
  const random = randomBelow(1);
  const bytes = samplePack().files.get("manifest.json")!;
  let refused = 0;
  for (let i = 0; i < 20_000; i++) {
    const damaged = mutated(bytes, random);
    try {
      const manifest = parseManifest(damaged);
      // What passes still tiles its payload.
      const last = manifest.tensors.at(-1)!;
      const start = manifest.tensors.slice(0, -1).reduce((at, tensor) => padTo(at + tensor.bytes, 64), 0);
      expect(start + last.bytes).toBe(payloadBytes(manifest));
    } catch (thrown) {
      if (!(thrown instanceof Failure) || thrown.code !== "weights_invalid") throw thrown;
      expect(thrown.message.length).toBeLessThan(1000);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(10_000);
});
