import { describe, expect, it } from "vitest";
import { Failure } from "../../src/core/failure.ts";
import { fromHalf } from "../../src/kernels/half.ts";
import { decodeState, encodeState } from "../../src/state/codec.ts";
import type { ConversationState } from "../../src/state/state.ts";

const fingerprint = "ab".repeat(32);
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

const state = (): ConversationState => ({
  fingerprint,
  position: 3,
  pending: [7],
  sampler: { generator: [1, 2, 3, 0xffffffff], recent: [5, 6], reply: [[5, 2]] },
  tensors: [
    { name: "layer.ssm", dtype: "f32", shape: [2, 2], data: floats(1, -2, 3.5, 0) },
    { name: "layer.keys", dtype: "int8", shape: [3], data: Uint8Array.of(1, 255, 128) },
  ],
});

const failure = (run: () => unknown): Failure => {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  throw new Error("expected a Failure");
};

describe("state codec", () => {
  it("gives back what it was given", () => {
    expect(decodeState(encodeState(state()), fingerprint)).toEqual(state());
  });

  it("writes the same bytes for the same state", () => {
    expect(encodeState(state())).toEqual(encodeState(state()));
  });

  it("V1: refuses every single flipped bit", () => {
    const bytes = encodeState(state());
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(failure(() => decodeState(flipped, fingerprint)).code, `bit ${bit}`).toBe("state_unreadable");
    }
  });

  it("V2: refuses every truncation and trailing bytes", () => {
    const bytes = encodeState(state());
    for (let n = 0; n < bytes.length; n++) {
      expect(failure(() => decodeState(bytes.slice(0, n), fingerprint)).code).toBe("state_unreadable");
    }
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(failure(() => decodeState(longer, fingerprint)).code).toBe("state_unreadable");
  });

  it("V4: refuses a newer version", () => {
    const bytes = encodeState(state());
    new DataView(bytes.buffer).setUint32(4, 5, true);
    expect(failure(() => decodeState(bytes, fingerprint)).message).toContain("version: expected one of 1, 2, 4, got 5");
  });

  it("V6: refuses the state of another model", () => {
    expect(failure(() => decodeState(encodeState(state()), "cd".repeat(32))).code).toBe("model_changed");
  });

  it.each([NaN, Infinity, -Infinity])("V7: refuses to write %s", (value) => {
    const broken = state();
    broken.tensors[0]!.data = floats(0, value, 0, 0);
    expect(failure(() => encodeState(broken)).message).toContain("layer.ssm[1]");
  });

  const roundable = (...values: number[]): ConversationState => {
    const [scan, keys] = state().tensors;
    const tensor = { ...scan!, rounds: true as const, shape: [values.length], data: floats(...values) };
    return { ...state(), tensors: [tensor, keys!] };
  };

  it("rounds what may be rounded to halves, once: what was read and is written again are the same bytes", () => {
    const given = roundable(1, -2, 1 / 3, 1e-7, -0);
    const bytes = encodeState(given, "rounded");
    const { tensors } = decodeState(bytes, fingerprint);
    const [scan, keys] = tensors;
    expect(scan!.stored).toBe("f16");
    const read = Float32Array.from(new Uint16Array(scan!.data.slice().buffer), fromHalf);
    expect(read).toEqual(Float32Array.of(1, -2, 0.333251953125, 2 * 2 ** -24, -0));
    expect(keys).toEqual(given.tensors[1]);
    const { stored: _, ...floats } = scan!;
    const again = { ...floats, data: new Uint8Array(read.buffer), rounds: true as const };
    for (const tensor of [scan!, again])
      expect(encodeState({ ...given, tensors: [tensor, keys!] }, "rounded")).toEqual(bytes);
    expect(decodeState(encodeState(given), fingerprint).tensors[0]!.data).toEqual(given.tensors[0]!.data);
  });

  it("keeps a tensor as it is where a float is too large for a half, and where it may not be rounded", () => {
    const large = roundable(65520, 1 / 3);
    expect(decodeState(encodeState(large, "rounded"), fingerprint).tensors[0]!.data).toEqual(large.tensors[0]!.data);
    expect(encodeState(state(), "rounded")).toEqual(encodeState(state()));
  });

  it("V1: refuses every single flipped bit of halves", () => {
    const bytes = encodeState(roundable(1, -2, 3.5, 0), "rounded");
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(failure(() => decodeState(flipped, fingerprint)).code, `bit ${bit}`).toBe("state_unreadable");
    }
  });

  it("keeps denormals", () => {
    const tiny = state();
    tiny.tensors[0]!.data = floats(1e-42, -1e-44, 0, -0);
    expect(decodeState(encodeState(tiny), fingerprint).tensors[0]!.data).toEqual(tiny.tensors[0]!.data);
  });
});
