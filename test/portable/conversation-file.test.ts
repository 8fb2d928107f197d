import { expect, it } from "vitest";
import { sha256Bytes } from "../../src/core/sha256.ts";
import { ByteReader } from "../../src/portable/byte-reader.ts";
import { FRAME_BYTES, fileKeys, PREFIX_BYTES, RECORD_MAX_BYTES } from "../../src/portable/file-format.ts";
import { peekHeader } from "../../src/portable/read-file.ts";
import { conversationFile } from "../../src/portable/write-file.ts";
import { pack } from "../../src/state/strict-msgpack.ts";
import {
  bytesOf,
  codeOf,
  header,
  keys,
  model,
  options,
  read,
  records,
  refusal,
  sample,
  signedFile,
  streamOf,
} from "./samples.ts";

const headerBytes = pack(header).length;
/** Where the bytes of record `n` begin. */
const startOf = (n: number) =>
  records.slice(0, n).reduce((at, { bytes }) => at + FRAME_BYTES + bytes.length, PREFIX_BYTES + headerBytes) +
  FRAME_BYTES;

it.each([1, 7, 100, 64 * 1024])("gives back what was written, in chunks of %i bytes", async (chunk) => {
  expect(await read(await sample(), { chunk })).toEqual([header, ...records]);
});

it("A12: refuses a file of another tenant or another server, before anything of it was decoded", async () => {
  const file = await sample();
  for (const other of [fileKeys("a secret", "bob"), fileKeys("another", "ann")]) {
    const refused = await refusal(file, { keys: other });
    expect(refused).toMatchObject({ code: "import_refused", param: "key", parts: 0 });
    expect(refused!.message).toContain("another tenant");
  }
  expect(() => fileKeys("", "ann")).toThrow("SESSION_KEY is not set");
});

it.each([
  [{ name: "large" }, "model: file tiny, here large"],
  [{ name: "large", dtype: "q8" }, "quantisation: file q4, here q8"],
  [{ tokenizer: "00".repeat(32) }, "tokenizer: file cdcdcdcdcdcd, here 000000000000"],
  [{ template: null }, "chat template: file efefefefefef, here none"],
])("A12, V6: refuses the file of another model: %o", async (difference, reason) => {
  const here = { ...model, fingerprint: "00".repeat(32), ...difference };
  const refused = await refusal(await sample(), { model: here });
  expect(refused).toMatchObject({ code: "import_refused", param: "model", parts: 0 });
  expect(refused!.message).toContain(reason);
});

it.each([{}, { dtype: "q8" }])(
  "V6: reads the file of another pack with the same name, tokenizer and template: %o",
  async (difference) => {
    const here = { ...model, fingerprint: "00".repeat(32), ...difference };
    expect(await refusal(await sample(), { model: here })).toBeUndefined();
  },
);

it("V6: a file that does not say its tokenizer is read by its own pack alone", async () => {
  const bare = { ...model, tokenizer: null };
  const file = await bytesOf(conversationFile({ ...header, model: bare }, records, keys));
  expect(await refusal(file, { model: bare })).toBeUndefined();
  const refused = await refusal(file, { model: { ...bare, fingerprint: "00".repeat(32) } });
  expect(refused!.message).toContain("weights: file abababababab, here 000000000000");
});

it("V2: refuses every truncation and trailing bytes, with the reason", async () => {
  const file = await sample();
  for (let n = 0; n < file.length; n++) {
    const refused = await refusal(file.subarray(0, n));
    expect(refused, `${n} bytes`).toMatchObject({ code: "import_refused", param: "file" });
    expect(refused!.message).toContain("cut off");
  }
  expect((await refusal(Buffer.concat([file, Buffer.of(0)])))!.message).toContain("something follows");
});

it("V1: refuses every flipped bit", async () => {
  const file = await sample();
  for (let bit = 0; bit < file.length * 8; bit++) {
    const flipped = file.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(await refusal(flipped), `bit ${bit}`).toMatchObject({ code: "import_refused" });
  }
});

it("A12: refuses a file whose bytes and hashes were changed together, and none of its records came to a good end", async () => {
  for (const n of records.keys()) {
    const forged = await sample();
    const at = startOf(n);
    const { length } = records[n]!.bytes;
    forged[at]! ^= 1;
    forged.set(sha256Bytes(forged.subarray(at, at + length)), at - 32);
    // Every record passes its own check: only the signature tells.
    expect(await refusal(forged)).toMatchObject({ param: "signature", parts: 1 + records.length });
  }
});

it("A12: refuses records that were left out, doubled or moved, hashes untouched", async () => {
  const file = await sample();
  const cut = (n: number) => file.subarray(startOf(n) - FRAME_BYTES, startOf(n) + records[n]!.bytes.length);
  const [first, end] = [file.subarray(0, startOf(0) - FRAME_BYTES), file.subarray(-FRAME_BYTES - 32)];
  for (const order of [[0, 1], [0, 1, 2, 2], [0, 2, 1], []]) {
    const forged = Buffer.concat([first, ...order.map(cut), end]);
    expect(await refusal(forged), String(order)).toMatchObject({ param: "signature", parts: 1 + order.length });
  }
  expect(await refusal(Buffer.concat([first, ...[0, 1, 2].map(cut), end]))).toBeUndefined();
});

it("A12: refuses a changed header though its hash was changed with it", async () => {
  const file = await sample();
  file[PREFIX_BYTES + 3]! ^= 1;
  file.set(sha256Bytes(file.subarray(PREFIX_BYTES, PREFIX_BYTES + headerBytes)), 28);
  expect(await refusal(file)).toMatchObject({ param: "signature", parts: 0 });
});

it("V4: refuses newer versions by their numbers", async () => {
  const file = await sample();
  new DataView(file.buffer).setUint32(4, 2, true);
  expect(await refusal(file)).toMatchObject({
    param: "version",
    message: "the file: version 2 is newer than this server's 1",
  });
  expect(await refusal(await sample(), { schema: 0 })).toMatchObject({ param: "version", parts: 0 });
});

it("refuses what even its owner must not write: unknown kinds, huge records, another header", async () => {
  const packed = pack(header);
  const huge = signedFile(packed, [[codeOf("state"), new Uint8Array(RECORD_MAX_BYTES + 1)]]);
  expect((await refusal(huge))!.message).toContain("at most 2000000");
  expect((await refusal(signedFile(packed, [[9, new Uint8Array(1)]])))!.message).toContain("unknown kind 9");
  expect((await refusal(signedFile(pack({ ...header, more: 1 }), [])))!.message).toContain("header");
  expect(await refusal(signedFile(Buffer.from("no msgpack"), []))).toMatchObject({ code: "import_refused" });
});

it("shows the header alone, and gives back the whole file as it was", async () => {
  const file = await sample();
  for (const chunk of [1, 90, 200, 64 * 1024]) {
    const { header: shown, whole } = await peekHeader(streamOf(file, chunk), options);
    expect(shown).toEqual(header);
    expect(Buffer.compare(await bytesOf(whole), file)).toBe(0);
  }
  await expect(peekHeader(streamOf(file), { ...options, schema: 0 })).rejects.toMatchObject({ param: "version" });
});

it("draws a record only when its reader asks, and lets go of the source when the reader leaves", async () => {
  let [drawn, ended] = [0, false];
  function* many() {
    try {
      for (; ; drawn++) yield { kind: "state" as const, bytes: new Uint8Array(1000) };
    } finally {
      ended = true;
    }
  }
  const reader = conversationFile(header, many(), keys).getReader();
  for (let i = 0; i < 6; i++) await reader.read();
  expect(drawn).toBeLessThan(3);
  await reader.cancel();
  expect(ended).toBe(true);
});

it("a failure in the middle of writing leaves a file that is refused", async () => {
  function* broken() {
    yield records[0]!;
    throw new Error("a piece is gone");
  }
  await expect(bytesOf(conversationFile(header, broken(), keys))).rejects.toThrow("a piece is gone");
});

it("reserves no memory for bytes that never come", async () => {
  const reader = new ByteReader(streamOf(new Uint8Array(10)));
  const before = process.memoryUsage().arrayBuffers;
  await expect(reader.exactly(1 << 30, "a lie")).rejects.toThrow("expected 1073741824 bytes there, got 10");
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
});
