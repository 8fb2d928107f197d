import { expect, it } from "vitest";
import { statementOf } from "../../../durable-objects/recall/statement.ts";

it.each([
  ["Which brand are my earphones?", "brand are my earphones."],
  ["On which day will my eyes be tested?", "day will my eyes be tested."],
  ["How long do I need to get to work?", "I need to get to work."],
  ["In welchem Jahr sind wir umgezogen?", "Jahr sind wir umgezogen."],
  ["Wie viele Geschwister habe ich?", "Geschwister habe ich."],
  ["我的车停在什么地方？", "我的车停在。"],
  ["妻子的职业是什么？", "妻子的职业是。"],
])("%s loses the word that asks", (question, statement) => {
  expect(statementOf(question)).toBe(statement);
});

it.each([
  ["Does it rain?", "Does it rain."],
  ["Werde ich alt?", "Werde ich alt."],
])("%s loses its question mark only", (question, statement) => {
  expect(statementOf(question)).toBe(statement);
});

it.each(["My sister lives in Rome.", "Tell me one thing about rivers", "Ich wohne in Rom", "我住在罗马"])(
  "%s is a statement as it is",
  (text) => {
    expect(statementOf(text)).toBe(text);
  },
);
