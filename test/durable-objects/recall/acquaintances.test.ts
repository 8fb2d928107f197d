import { expect, it } from "vitest";
import { acquaintancesIn, namesOne, withNames } from "../../../durable-objects/recall/acquaintances.ts";

const said = (text: string) => acquaintancesIn([{ role: "user", text }]);
const called = (text: string) => said(text).map((known) => known.called);

it.each([
  ["My brother Lars is 34 and drives a tram, my sister Ines studies law.", ["Lars", "Ines"]],
  ["My late husband Walter built our house.", ["Walter"]],
  ["Our dog is called Rex, and my boss, Mrs Okafor, has one too.", ["Rex", "Okafor"]],
  ["Duncan, my partner, wants something posh.", ["Duncan"]],
  ["I have two girls, Ruby who is nine and Pearl who is four.", ["Ruby", "Pearl"]],
  ["Meine Schwester Ines wohnt in Hull, unser Kater heißt Moritz.", ["Ines", "Moritz"]],
])("knows who is called by name: %s", (text, names) => {
  expect(called(text)).toEqual(names);
});

it.each([
  "My flight to Reykjavik leaves on Thursday.",
  "My exam is on Monday, and I moved to Bergen.",
  "I met Lars in my garden.",
  "He plays for Leeds, the club of my town.",
])("takes no place or day for somebody: %s", (text) => {
  expect(called(text)).toEqual([]);
});

it("takes nobody from what the model said", () => {
  expect(acquaintancesIn([{ role: "assistant", text: "My brother Lars is 34." }])).toEqual([]);
});

it("asks about somebody by name", () => {
  const known = said("My brother Lars is 34, my late husband Walter was 80.");
  expect(withNames("Where does my brother live?", known)).toBe("Where does Lars live?");
  expect(withNames("When did my late husband retire?", known)).toBe("When did Walter retire?");
  expect(withNames("Where does my sister live?", known)).toBeUndefined();
  expect(withNames("What is my brother's name?", known)).toBeUndefined();
  const two = [...known, ...said("My brother Piet is 12.")];
  expect(withNames("Where does my brother live?", two)).toBeUndefined();
  expect(namesOne("How old is Lars?", known)).toBe(true);
  expect(namesOne("How old is Mars?", known)).toBe(false);
});

it("tells who is meant, however many are known and asked about", () => {
  // Each of them compared with each would take some minutes.
  const known = said("Tom, my brother, was here. ".repeat(20_000));
  const question = `Where does ${"my sister and ".repeat(20_000)} my brother live?`;
  expect(withNames(question, known)).toMatch(/Tom live\?$/);
});
