import { expect, it } from "vitest";
import { recall } from "../../../durable-objects/recall/recall.ts";
import type { Search } from "../../../durable-objects/recall/visible-past.ts";

/** Tokens are characters. */
const served = {
  codec: { encodeText: (text: string) => [...text], decode: (ids: string[]) => ids.join("") },
  manifest: { cache: { policy: "window", window: 600 } },
} as unknown as Search["served"];
const say = (content: string) => ({ role: "user" as const, content });
const recalled = (told: readonly string[], question: string, maxTokens: number) => {
  const messages = [...told.map(say), say("Small talk that nobody needs. ".repeat(20)), say(question)];
  return recall({ store: undefined, base: undefined, messages, promptTokens: 2000, served, maxTokens }).map(
    ({ text }) => text,
  );
};

const AUNT = "The tram was late. My aunt keeps bees. It was a long way.";
const COUSIN = "The soup was cold. My aunt keeps goats, too. We went home early.";

it("quotes a line with what stands around it where there is room, and otherwise the sentence that answers", () => {
  const asked = "What does my aunt keep?";
  expect(recalled([AUNT, COUSIN], asked, 300)).toEqual([AUNT, COUSIN]);
  expect(recalled([AUNT, COUSIN], asked, 160)).toEqual([AUNT, "My aunt keeps goats, too."]);
  expect(recalled([AUNT, COUSIN], asked, 120)).toEqual(["My aunt keeps bees.", "My aunt keeps goats, too."]);
});
