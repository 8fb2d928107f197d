import { expect, it } from "vitest";
import { Failure } from "../../src/core/failure.ts";
import { sha256Bytes } from "../../src/core/sha256.ts";
import { decodeState, encodeState } from "../../src/state/codec.ts";
import { pack } from "../../src/state/strict-msgpack.ts";
import { codeOf, header, read, records, sample, signedFile } from "./samples.ts";

/** FUZZ=100000 is the long form; the short one is part of every run. */
const ROUNDS = Number(process.env.FUZZ ?? 4000);

/** xorshift32: the same mutations in every run. */
function generator(seed: number) {
  let x = seed;
  return (below: number): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

const times = (n: number, byte: number) => new Uint8Array(n).fill(byte);
const text = (value: string) => [0xa0 + value.length, ...Buffer.from(value)];
/** What msgpack can say to a careless decoder. */
const bombs: Uint8Array[] = [
  times(100_000, 0x91), // arrays in arrays
  times(100_000, 0x81), // maps in maps
  Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff), // an array of 2^32 - 1
  Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff), // a map of as many
  Uint8Array.of(0xc6, 0xff, 0xff, 0xff, 0xff), // bytes of as many
  Uint8Array.of(0x81, ...text("__proto__"), 0x81, ...text("polluted"), 0xc3),
  Uint8Array.of(0x81, ...text("constructor"), 0x81, ...text("prototype"), 0x81, ...text("polluted"), 0xc3),
  Uint8Array.of(0xc7, 4, 0x78, 0x92, ...text("("), 0xa0), // a RegExp
  Uint8Array.of(0xc7, 9, 0x74, 9, 0, 0, 0, 0, 0, 0, 0, 0), // a typed array
  Uint8Array.of(0xd6, 0x69, 0, 0, 0, 1), // a reference to itself
  Uint8Array.of(0xd6, 0x70, 0, 0, 0, 1),
  Uint8Array.of(0xd4, 0x72, 0x40, 0x91, ...text("a")), // a record's structure
  Uint8Array.of(0xd6, 0xff, 0, 0, 0, 0), // a date
];

function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  let out = Uint8Array.from(bytes);
  for (let n = 1 + random(4); n > 0; n--) {
    const at = random(out.length + 1);
    const rest = out.subarray(at);
    const how = random(6);
    if (how === 0) out[at] = random(256);
    if (how === 1) out = out.slice(0, at);
    if (how === 2) out = Buffer.concat([out.subarray(0, at), times(1 + random(8), random(256)), rest]);
    if (how === 3) out = Buffer.concat([out.subarray(0, at), bombs[random(bombs.length)]!, rest]);
    if (how === 4) out = Buffer.concat([out.subarray(0, at), out.subarray(random(out.length + 1))]);
    if (how === 5 && at + 4 <= out.length)
      new DataView(out.buffer, out.byteOffset).setUint32(at, 0xffffffff - random(3));
  }
  return out;
}

async function outcome(run: () => unknown): Promise<string> {
  try {
    await run();
    return "accepted";
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code !== "bug") return thrown.code;
    throw thrown;
  }
}

const prototypes = () => [Object.prototype, Array.prototype, Function.prototype].map((p) => Reflect.ownKeys(p).length);

it("V10: files mutated anywhere are refused with a typed failure", async () => {
  const before = prototypes();
  const random = generator(1);
  const file = await sample();
  for (let n = 0; n < ROUNDS; n++) {
    const mutated = mutate(file, random);
    const isSame = Buffer.compare(mutated, file) === 0;
    expect(await outcome(() => read(mutated)), `round ${n}`).toBe(isSame ? "accepted" : "import_refused");
  }
  expect(prototypes()).toEqual(before);
  expect(await read(file)).toEqual([header, ...records]);
});

it("V10: headers mutated and then rightly signed meet the decoder, which takes its schema or refuses", async () => {
  const before = prototypes();
  const random = generator(2);
  const packed = pack(header);
  const outcomes = new Set<string>();
  for (let n = 0; n < ROUNDS; n++) {
    const mutated = n < bombs.length ? bombs[n]! : mutate(packed, random);
    outcomes.add(await outcome(() => read(signedFile(mutated, [[codeOf("turn"), records[0]!.bytes]]))));
  }
  expect([...outcomes].sort()).toEqual(["accepted", "import_refused"]);
  expect(prototypes()).toEqual(before);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

it("V10: states mutated, their checksums put right, are refused or are states of the same shapes", async () => {
  const before = prototypes();
  const random = generator(3);
  const fingerprint = "ab".repeat(32);
  const data = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  const tensors = [{ name: "layer.ssm", dtype: "f32" as const, shape: [2, 2], data }];
  const sampler = { generator: [1, 2, 3, 4], recent: [5], reply: [] };
  const state = encodeState({ fingerprint, position: 3, pending: [7], sampler, tensors });
  const headerBytes = new DataView(state.buffer).getUint32(8, true);
  const outcomes = new Set<string>();
  for (let n = 0; n < ROUNDS; n++) {
    const packed = mutate(state.subarray(44, 44 + headerBytes), random);
    const mutated = Buffer.concat([
      state.subarray(0, 12),
      sha256Bytes(packed),
      packed,
      state.subarray(44 + headerBytes),
    ]);
    mutated.writeUInt32LE(packed.length, 8);
    outcomes.add(await outcome(() => decodeState(Uint8Array.from(mutated), fingerprint)));
  }
  expect(outcomes.has("state_unreadable")).toBe(true);
  expect([...outcomes].every((code) => ["accepted", "state_unreadable", "model_changed"].includes(code))).toBe(true);
  expect(prototypes()).toEqual(before);
});
