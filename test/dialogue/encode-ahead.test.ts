import { expect, it } from "vitest";
import { encodeAhead } from "../../src/dialogue/encode-ahead.ts";
import type { TextCodec } from "../../src/tokenizer/text-codec.ts";

/** Notes what it is asked for; the work on one text has no pause of its own. */
function codecOfShortWork() {
  const [ahead, forgotten]: [string[], string[]] = [[], []];
  const codec = {
    // biome-ignore lint/correctness/useYield: the work on one of these texts is too short for a pause.
    *ahead(text: string) {
      ahead.push(text);
    },
    forget: (text: string) => void forgotten.push(text),
  };
  return { codec: codec as unknown as TextCodec, ahead, forgotten };
}

const texts = (count: number, length: number) =>
  Array.from({ length: count }, (_, n) => String(n).padStart(length, "x"));

it("thousands of texts that need no pause by themselves are encoded with pauses between them, and forgotten after use", async () => {
  const { codec, ahead, forgotten } = codecOfShortWork();
  const all = texts(2000, 400);
  const encodedAtTurns: number[] = [];
  let over = false;
  const others = () => {
    encodedAtTurns.push(ahead.length);
    if (!over) setImmediate(others);
  };
  setImmediate(others);
  const forget = await encodeAhead(codec, all);
  over = true;
  expect(ahead).toEqual(all);
  const between = [...encodedAtTurns, all.length].map((encoded, n) => encoded - (encodedAtTurns[n - 1] ?? 0));
  expect(Math.max(...between) * 400).toBeLessThan(40_000);
  expect(forgotten).toEqual([]);
  forget();
  expect(forgotten).toEqual(all);
});

it("a few short texts are left to whoever needs them", async () => {
  const { codec, ahead } = codecOfShortWork();
  (await encodeAhead(codec, texts(20, 400)))();
  expect(ahead).toEqual([]);
});
