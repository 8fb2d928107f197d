import { expect, it } from "vitest";
import { best, scored } from "../../../durable-objects/recall/rank-passages.ts";
import { isAnswered } from "../../../durable-objects/recall/recall.ts";
import { questionOf } from "../../../durable-objects/recall/recall-question.ts";

const question = questionOf("What is my shoe size?");
const weights = question.terms.map(() => ({ own: 1, relative: 0, importance: 1 }));
const line = (text: string, nearness?: number, usual = 0.42) => {
  const near = nearness === undefined ? {} : { near: new Map([[text, nearness]]) };
  const place = { start: 0, toEnd: 0, turn: "t", depth: 1, order: 0 };
  return scored({ role: "user", text, ...place, ...near }, question, weights, 10, usual);
};

it("knows how far a line is ahead of the past, less where it has another language", () => {
  expect(line("I wear small boots.", 0.5).ahead).toBeCloseTo(0.08);
  expect(line("Ich trage kleine Stiefel.", 0.5).ahead).toBeCloseTo(-0.02);
  expect(line("I wear small boots.", 0.5, 0).ahead).toBeCloseTo(0.35);
  expect(line("I wear small boots.").ahead).toBeUndefined();
});

it("knows the one sentence of a passage that answers most, by its words and by what it means", () => {
  const said = "I take a nine in boots.";
  const text = `My brother has a new shoe shop. ${said} Rain falls. The sun shines.`;
  const place = { start: 0, toEnd: 0, turn: "t", depth: 1, order: 0 };
  const rated = (near: number) =>
    scored({ role: "user", text, ...place, near: new Map([[said, near]]) }, question, weights, 10, 0.42);
  expect(rated(0.6)).toMatchObject({ core: said, answer: `${said} Rain falls.` });
  expect(rated(0.3)).toMatchObject({
    core: "My brother has a new shoe shop.",
    answer: `My brother has a new shoe shop. ${said}`,
  });
});

it("takes a question as answered where a line stands out, by what it means or by its words", () => {
  const far = line("I broke my arm.", 0.44);
  expect(isAnswered([far], [far])).toBe(false);
  expect(isAnswered([far, line("I take a nine in boots.", 0.55)], [far])).toBe(true);
  const worded = line("My shoe size is nine.", 0.44);
  expect(isAnswered([far, worded], [far, worded])).toBe(true);
  const unknown = line("I broke my arm.");
  expect(isAnswered([unknown], [unknown])).toBe(true);
});

it("takes what its speaker says of himself as an answer to a question of that form, whatever it is near to", () => {
  const asked = questionOf("What is my name?");
  const weighed = asked.terms.map(({ isImplied }) => ({ own: 1, relative: 0, importance: isImplied ? 0 : 1 }));
  const place = { role: "user" as const, start: 0, toEnd: 0, turn: "t", depth: 1, order: 0 };
  const [told, other] = ["I'm Kenta from Osaka.", "It rains again."].map((text) =>
    scored({ text, ...place, near: new Map([[text, 0.1]]) }, asked, weighed, 10, 0.42),
  );
  expect(isAnswered([told!, other!], [told!])).toBe(true);
  expect(isAnswered([told!, other!], [other!])).toBe(false);
});

it("finds what a question means that has no word with a meaning of its own", () => {
  const asked = questionOf("What can't I have?");
  expect(asked.terms).toEqual([]);
  const place = { role: "user" as const, start: 0, toEnd: 0, turn: "t", depth: 1, order: 0 };
  const [told, other] = (
    [
      ["I can't have lactose.", 0.6],
      ["Ha, nice one.", 0.6],
    ] as const
  ).map(([text, nearness]) => scored({ text, ...place, near: new Map([[text, nearness]]) }, asked, [], 10, 0.2));
  const bounds = { floor: 0.25, share: 0.5, most: 4 };
  expect(best([told!, other!], bounds).map(({ text }) => text)).toEqual(["I can't have lactose."]);
});

const answerOf = (text: string, asked: string) => {
  const about = questionOf(asked);
  const weighed = about.terms.map(() => ({ own: 1, relative: 0.5, importance: 1 }));
  return scored({ role: "user", text, start: 0, toEnd: 0, turn: "t", depth: 1, order: 0 }, about, weighed, 10, 0)
    .answer;
};

it.each([
  [
    "Can you think of a name for a parrot?",
    "We are getting one on Saturday, and Duncan wants something posh.",
    "What do we get on Saturday?",
  ],
  [
    "How do I get red wine out of a carpet?",
    "My flatmate Nadia spilled some, bless her, just before the guests arrived.",
    "What did Nadia spill?",
  ],
  ["I finally met the boyfriend of Carla.", "He is a vet and plays the banjo in a band on Thursdays.", "Who is a vet?"],
  [
    "Wir haben ein Haus in Husum besichtigt.",
    "Es kostet mehr, als wir uns in diesem Jahr leisten können.",
    "Was kostet mehr?",
  ],
  [
    "我们看中了海边的一套旧房子，阳台朝南，离学校也不远。",
    "它要三百二十万，我们还差一点，得跟爸妈商量商量。",
    "什么要三百二十万？",
  ],
])("quotes with a sentence the one that it refers to: %s", (before, said, asked) => {
  const text = `The weather on the island is dull and grey. ${before} ${said}`;
  expect(answerOf(text, asked)).toBe(`${before} ${said}`);
});

it("quotes a sentence alone that speaks for itself", () => {
  const said = "The code of the shed is 5521, I keep forgetting it.";
  const text = `The weather on the island is dull and grey, as ever. ${said}`;
  expect(answerOf(text, "What is the code of the shed?")).toBe(said);
});

it("quotes a line that names what is asked about beside one that is far nearer to the question", () => {
  const asked = questionOf("What is my friend's name?");
  const place = { role: "user" as const, start: 0, toEnd: 0, turn: "t", depth: 1, order: 0 };
  const weighed = asked.terms.map(({ isImplied }) => ({ own: 1, relative: 0.6, importance: isImplied ? 0 : 1 }));
  const rated = (
    [
      ["My name is Rosalind.", 0.7],
      ["I swim with my friend Beryl.", 0.1],
      ["My buddy Tom swims, too.", 0.1],
      ["A friend of the mayor swims.", 0.1],
    ] as const
  ).map(([text, nearness]) => scored({ text, ...place, near: new Map([[text, nearness]]) }, asked, weighed, 10, 0.2));
  const bounds = { floor: 0.25, share: 0.5, most: 4 };
  expect(best(rated, bounds).map(({ text }) => text)).toEqual([
    "My name is Rosalind.",
    "I swim with my friend Beryl.",
    "My buddy Tom swims, too.",
  ]);
});
