/** What depends on the vocabulary alone is found before a request asks for it. */
import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { packFolder } from "../../scripts/serve-pack.ts";
import { constraintFor, readyForForms } from "../../src/constrain/constraint-for.ts";
import { Budget } from "../../src/constrain/language/budget.ts";
import { createTextCodec } from "../../src/tokenizer/hf-codec.ts";
import type { TextCodec } from "../../src/tokenizer/text-codec.ts";
import { EOS } from "./model.ts";

const file = JSON.parse(readFileSync(`${packFolder()}/tokenizer.json`, "utf8"));
const weather = {
  tools: [
    {
      name: "get_weather",
      description: "Weather of a city.",
      parameters: {
        type: "object",
        properties: {
          city: { type: "string", description: "Its name." },
          unit: { type: "string", enum: ["celsius", "fahrenheit"] },
          days: { type: "integer", minimum: 1, maximum: 14 },
        },
        required: ["city"],
      },
    },
  ],
};
const CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Par';

/**
 * Steps from the request's shape to its first mask, and to the mask inside its first text; and how
 * often the vocabulary was read.
 */
async function firstMasks(codec: TextCodec): Promise<{ first: number; inText: number; read: number }> {
  const read = vi.spyOn(codec, "tokenBlock");
  const spend = vi.spyOn(Budget.prototype, "spend");
  const spent = () => spend.mock.calls.reduce((sum, [steps]) => sum + steps, 0);
  try {
    const constraint = (await constraintFor(weather, codec, [EOS]))!;
    constraint.mask();
    const first = spent();
    for (const id of codec.encodeText(CALL)) constraint.accept(id);
    constraint.mask();
    return { first, inText: spent(), read: read.mock.calls.length };
  } finally {
    vi.restoreAllMocks();
  }
}

it("a request waits for no work on the vocabulary once it is ready for forms", async () => {
  const cold = await firstMasks(createTextCodec(file));
  const codec = createTextCodec(file);
  await readyForForms(codec, [EOS]);
  const ready = await firstMasks(codec);
  expect([cold.read, ready.read]).toEqual([1, 0]);
  expect(ready.first, JSON.stringify({ cold, ready })).toBeLessThan(cold.first / 3);
  expect(ready.inText, JSON.stringify({ cold, ready })).toBeLessThan(cold.inText / 3);
});

it("does nothing with a vocabulary that cannot spell every text", async () => {
  const codec = createTextCodec(file);
  const block = codec.tokenBlock();
  const brace = codec.encodeText("{")[0]!;
  // Without its token for a brace.
  const lengths = Array.from(block.starts.subarray(1), (end, id) => (id === brace ? 0 : end - block.starts[id]!));
  const bytes = Buffer.concat(
    lengths.map((length, id) => block.bytes.subarray(block.starts[id]!, block.starts[id]! + length)),
  );
  const starts = Uint32Array.from([0, ...lengths]);
  for (let id = 0; id < lengths.length; id++) starts[id + 1]! += starts[id]!;
  const poor = Object.assign(Object.create(codec) as TextCodec, { tokenBlock: () => ({ bytes, starts }) });
  Object.defineProperty(poor, "vocab", { value: codec.vocab });
  await expect(readyForForms(poor, [EOS])).resolves.toBeUndefined();
  await expect(constraintFor(weather, poor, [EOS])).rejects.toMatchObject({ code: "request_invalid" });
});
