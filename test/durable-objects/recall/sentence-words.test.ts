import { expect, it } from "vitest";
import { sentenceWords } from "../../../durable-objects/recall/sentence-words.ts";

const asksOnly = (text: string) => sentenceWords({ role: "user", text, start: 0, toEnd: 0 })[0]!.asksOnly;

it.each([
  "I'm vegan, so what could I make with chickpeas and an aubergine?",
  "My flight leaves at 6:40, do I need to be there at four?",
  "We have twins of three, which museum would you choose?",
  "Since I'm allergic to nuts, could you leave them out?",
  "Ich bin Vegetarierin, was kann ich mit Linsen kochen?",
  "我对花生过敏，有什么零食可以吃？",
])("takes what tells something before it asks as said: %s", (text) => {
  expect(asksOnly(text)).toBe(false);
});

it.each([
  "What could I make with chickpeas, rice and an aubergine?",
  "If I were vegan, what could I make with chickpeas?",
  "When I am in Rome, where should I eat?",
  "Is my flight on time, and do I need a visa?",
  "Kann ich mit Linsen backen, und wie lange?",
  "Quick one: how do I get red wine out of a carpet?",
  "我对什么过敏？",
])("takes what only asks as a question: %s", (text) => {
  expect(asksOnly(text)).toBe(true);
});
