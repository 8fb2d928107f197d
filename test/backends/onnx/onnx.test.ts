import { describe, expect, it } from "vitest";
import type { Backend } from "../../../src/backends/backend.ts";
import { architectures } from "../../../src/models/index.ts";
import { decodeState } from "../../../src/state/codec.ts";
import { expectClose } from "../../support/expect-close.ts";
import { readGolden } from "../../support/golden.ts";
import { describeBackend, failure } from "../backend.suite.ts";
import { deviation, feed, toBytes } from "../feed.ts";
import { notExported, onnxCases } from "../onnx-cases.ts";
import { load } from "../packs.ts";

describeBackend({
  name: "ONNX",
  cases: Object.keys(onnxCases),
  load: (golden, options) => load(`golden-onnx/${golden}`, options),
});

it("says of every architecture whether it runs as ONNX", () => {
  const exported = Object.keys(onnxCases).map((name) => name.split("-")[0]!);
  const said = new Set([...exported, ...Object.keys(notExported)]);
  expect(Object.keys(architectures).filter((type) => !said.has(type))).toEqual([]);
});

describe("the two backends", () => {
  const both = () => Promise.all([load("golden/bamba-groups4"), load("golden-onnx/bamba-groups4")]);

  /** The most likely next id, 200 times. */
  async function greedy(backend: Backend, prompt: Uint32Array): Promise<number[]> {
    const sequence = await backend.open();
    const ids: number[] = [];
    let row = (await feed(sequence, prompt, backend.sliceTokens)).slice(-backend.vocab);
    while (ids.length < 200) {
      ids.push(row.indexOf(Math.max(...row)));
      row = Float32Array.from(await sequence.forward(Uint32Array.of(ids.at(-1)!), "last"));
    }
    return ids;
  }

  it("choose the same 200 tokens", async () => {
    const { tokens } = readGolden("bamba-groups4");
    const [wasm, onnx] = await both();
    const ids = await greedy(onnx.backend, tokens);
    expect(ids).toEqual(await greedy(wasm.backend, tokens));
    expect(new Set(ids).size).toBeGreaterThan(5);
    // Keeps the line above honest: another prompt goes elsewhere.
    expect(await greedy(wasm.backend, tokens.subarray(1))).not.toEqual(ids);
  });

  it("refuse each other's sessions: by fingerprint, and by tensors where that was passed over", async () => {
    const { tokens } = readGolden("bamba-groups4");
    const [wasm, onnx] = await both();
    for (const [from, to] of [
      [wasm, onnx],
      [onnx, wasm],
    ] as const) {
      const sequence = await from.backend.open();
      await feed(sequence, tokens, from.backend.sliceTokens);
      const bytes = await toBytes(sequence, from.fingerprint);
      expect(decodeState(bytes, from.fingerprint).position).toBe(tokens.length);
      const { code, message } = await failure(() => decodeState(bytes, to.fingerprint));
      expect([code, message]).toEqual(["model_changed", expect.stringContaining(from.fingerprint.slice(0, 12))]);
      const forced = await failure(() => to.backend.open(decodeState(bytes, from.fingerprint)));
      expect(forced.code).toBe("state_unreadable");
    }
  });
});

describe("8-bit export", () => {
  const { tokens, logits } = readGolden("bamba-groups2");
  const open = () => load("golden-onnx/bamba-groups2-int8");

  it("says so, and stays near the logits as far as 8 bits of a width of 48 allow", async () => {
    const { backend, manifest } = await open();
    expect(manifest.dtype).toBe("q8");
    const got = await feed(await backend.open(), tokens, backend.sliceTokens);
    expectClose(got, logits, { abs: 0.5 * deviation(logits) });
    const square = got.reduce((sum, x, i) => sum + (x - logits[i]!) ** 2, 0) / got.length;
    expect(Math.sqrt(square)).toBeLessThan(0.1 * deviation(logits));
  });

  it("rounds each token on its own, so slices and resumed runs agree", async () => {
    const { backend, fingerprint } = await open();
    const whole = await feed(await backend.open(), tokens, backend.sliceTokens);
    const abs = 1e-3 * deviation(logits);
    expectClose(await feed(await backend.open(), tokens, 1), whole, { abs });
    const sequence = await backend.open();
    await feed(sequence, tokens.subarray(0, 7), 7);
    const again = await (await open()).backend.open(decodeState(await toBytes(sequence, fingerprint), fingerprint));
    expectClose(await feed(again, tokens.subarray(7), 3), whole.subarray(7 * backend.vocab), { abs });
  });
});
