import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { blockTypes } from "../../../src/convert/gguf/blocks.ts";
import { fixture } from "../sample-files.ts";

interface Golden {
  code: number;
  bytes: string;
  values: string;
}
const goldens: Record<string, Golden> = JSON.parse(readFileSync(fixture("blocks.json"), "utf8"));
const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, "base64"));

describe("GGUF block types", () => {
  it.each(Object.entries(goldens))("%s has the values that the gguf package reads, bit for bit", (name, golden) => {
    const type = blockTypes.get(golden.code)!;
    const bytes = bytesOf(golden.bytes);
    const expected = new Float32Array(bytesOf(golden.values).buffer);
    const out = new Float32Array(expected.length);
    type.decode(bytes, bytes.length / type.bytes, out);
    expect(type.name).toBe(name);
    expect(out.length).toBe((bytes.length / type.bytes) * type.elements);
    expect(out.some((value) => value !== 0)).toBe(true);
    expect(out).toEqual(expected);
  });

  it("each have a golden, but for plain floats", () => {
    expect([...blockTypes.values()].map(({ name }) => name).sort()).toEqual(["F32", ...Object.keys(goldens)].sort());
    const out = new Float32Array(2);
    blockTypes.get(0)!.decode(new Uint8Array(Float32Array.of(1.5, -3).buffer), 2, out);
    expect([...out]).toEqual([1.5, -3]);
  });
});
