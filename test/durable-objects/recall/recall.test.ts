import { expect, it } from "vitest";
import { recall } from "../../../durable-objects/recall/recall.ts";
import type { Search } from "../../../durable-objects/recall/visible-past.ts";

/** Tokens are characters. */
const servedWith = (cache: object) =>
  ({
    codec: { encodeText: (text: string) => [...text], decode: (ids: string[]) => ids.join("") },
    manifest: { cache: { policy: "window", ...cache } },
  }) as unknown as Search["served"];
const say = (content: string) => ({ role: "user" as const, content });
const recalled = (told: readonly string[], question: string, maxTokens: number, cache: object = { window: 600 }) => {
  const messages = [...told.map(say), say("Small talk that nobody needs. ".repeat(20)), say(question)];
  const served = servedWith(cache);
  return recall({ store: undefined, base: undefined, messages, promptTokens: 2000, served, maxTokens }).map(
    ({ text }) => text,
  );
};

const AUNT = "The tram was late. My aunt keeps bees. The way is long.";
const BEES = "My aunt keeps bees. The way is long.";
const COUSIN = "The soup was cold. My aunt keeps goats, too. We went home early.";

it("quotes of a passage the sentence that answers and the one after it, and that one alone where there is no more room", () => {
  const asked = "What does my aunt keep?";
  expect(recalled([AUNT, COUSIN], asked, 300)).toEqual([BEES, "My aunt keeps goats, too. We went home early."]);
  expect(recalled([AUNT, COUSIN], asked, 105)).toEqual(["My aunt keeps bees.", "My aunt keeps goats, too."]);
  expect(recalled([AUNT, COUSIN], asked, 80)).toEqual(["My aunt keeps bees."]);
});

it.each([
  ["every layer sees", { window: 1900 }, []],
  ["every layer sees, each with a window of its own", { window: 1900, windows: { "1": 1900 } }, []],
  ["only a layer with a long window sees", { window: 64, windows: { "1": 1900 } }, [BEES]],
  ["all layers see, though not equally far", { window: 800, windows: { "1": 1900 } }, []],
  ["no layer sees", { window: 64, windows: { "1": 600 } }, [BEES]],
])("quotes what %s, or not", (_, cache, quoted) => {
  expect(recalled([AUNT], "What does my aunt keep?", 300, cache)).toEqual(quoted);
});

it("finds what was said of somebody by his name, and takes a question about him for one about one's own life", () => {
  const others = ["The train to Cork is slow.", "We had soup again.", "It rains on the roof.", "A ferry left at noon."];
  const told = ["My brother Lars plays the tuba.", "Lars cannot stand nuts."];
  expect(recalled([...told, ...others], "What is my brother allergic to?", 300)).toEqual(told);
  expect(recalled([told[0]!, ...others], "How old is Lars?", 300)).toEqual([told[0]]);
  expect(recalled(["A man called Lars plays the tuba.", ...others], "How old is Lars?", 300)).toEqual([]);
});
