import { expect, it } from "vitest";
import type { CheckpointSource } from "../../../src/convert/checkpoint/checkpoint-source.ts";
import type { PayloadWriter } from "../../../src/convert/pack/payload-writer.ts";
import { writeWeight } from "../../../src/convert/pack/write-weight.ts";
import { type Dtype, dtypes } from "../../../src/core/dtype.ts";
import { packMatrix } from "../../../src/kernels/layout.ts";
import { type Form, matrix, stacked, vector, type WeightSpec } from "../../../src/layers/layer.ts";
import { failureIn } from "../../weights/failing.ts";

/** Value of element i of every tensor; ranges that were asked for. */
function source() {
  const asked: number[] = [];
  const value = (name: string, i: number) => Math.sin(i * 0.37 + name.length) * 0.1;
  const shapes = new Map<string, number>();
  const rows: CheckpointSource["rows"] = async (name, from, to) => {
    asked.push(to - from);
    const width = shapes.get(name) ?? 1;
    return Float32Array.from({ length: (to - from) * width }, (_, i) => value(name, from * width + i));
  };
  return { source: { rows } as CheckpointSource, asked, shapes, value };
}

const SLICE_BYTES = 64 * 1024;

async function written(weight: WeightSpec, dtype: Dtype, from: CheckpointSource) {
  const chunks: Uint8Array[] = [];
  const tensors: unknown[] = [];
  const writer = {
    begin: async (tensor: unknown) => void tensors.push(tensor),
    append: async (bytes: Uint8Array) => void chunks.push(bytes.slice()),
  };
  await writeWeight(from, writer as unknown as PayloadWriter, weight, { dtype, sliceBytes: SLICE_BYTES });
  return {
    bytes: Buffer.concat(chunks),
    tensor: tensors[0] as { bytes: number; dtype: string },
    slices: chunks.length,
  };
}

it("writes a large stacked matrix slice by slice, as if it were packed whole", async () => {
  const C = 160; // 96 rows a slice
  const weight = stacked(
    "matrix",
    "w",
    [
      { name: "long", rows: 101 },
      { name: "short", rows: 110 },
    ],
    C,
  );
  const { source: from, asked, shapes, value } = source();
  shapes.set("long", C).set("short", C);
  const whole = Float32Array.from({ length: 211 * C }, (_, i) =>
    i < 101 * C ? value("long", i) : value("short", i - 101 * C),
  );
  for (const dtype of dtypes) {
    const { bytes, tensor, slices } = await written(weight, dtype, from);
    expect(slices).toBe(3);
    expect(tensor.bytes).toBe(bytes.length);
    expect(bytes.equals(packMatrix(dtype, whole, 211, C))).toBe(true);
  }
  expect(Math.max(...asked)).toBeLessThanOrEqual(96);
});

/** A form that is only ever prepared. */
const oneWay = (prepare: Form["prepare"]): Form => ({ prepare, restore: (values) => values });

it("prepares a matrix as a whole and writes it slice by slice", async () => {
  const { source: from, shapes, value } = source();
  shapes.set("m", 160);
  const { bytes, slices } = await written(
    matrix(
      "m",
      200,
      160,
      oneWay((values) => values.map((x) => 2 * x)),
    ),
    "f32",
    from,
  );
  const whole = Float32Array.from({ length: 200 * 160 }, (_, i) => 2 * Math.fround(value("m", i)));
  expect(slices).toBe(3);
  expect(bytes.equals(packMatrix("f32", whole, 200, 160))).toBe(true);
});

it("prepares a vector as a whole and stores it as f32 whatever the dtype", async () => {
  const { source: from, value } = source();
  const { bytes, tensor } = await written(
    vector(
      "v",
      [5],
      oneWay((values) => values.map((x) => -Math.exp(x))),
    ),
    "q4",
    from,
  );
  const expected = Float32Array.from({ length: 5 }, (_, i) => -Math.exp(Math.fround(value("v", i))));
  expect(new Float32Array(Uint8Array.from(bytes).buffer)).toEqual(expected);
  expect(tensor.dtype).toBe("f32");
});

it("refuses values that preparing makes infinite, and a preparation that loses some", async () => {
  const { source: from } = source();
  const burst = await failureIn(
    written(
      vector(
        "v",
        [5],
        oneWay((values) => values.map(() => Infinity)),
      ),
      "f32",
      from,
    ),
  );
  expect(burst.message).toContain("tensor v[0]: expected a finite number, got Infinity");
  const short = await failureIn(
    written(
      vector(
        "v",
        [5],
        oneWay((values) => values.slice(1)),
      ),
      "f32",
      from,
    ),
  );
  expect(short.code).toBe("bug");
});

it("stops between slices when it is told to", async () => {
  const { source: from, shapes } = source();
  shapes.set("m", 4096);
  const stop = new AbortController();
  stop.abort();
  const writer = { begin: async () => {}, append: async () => {} } as unknown as PayloadWriter;
  await expect(
    writeWeight(from, writer, matrix("m", 8, 4096), { dtype: "f32", signal: stop.signal }),
  ).rejects.toMatchObject({
    name: "AbortError",
  });
});
