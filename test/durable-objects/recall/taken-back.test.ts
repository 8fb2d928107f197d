import { expect, it } from "vitest";
import { type Candidate, scored } from "../../../durable-objects/recall/rank-passages.ts";
import { questionOf } from "../../../durable-objects/recall/recall-question.ts";
import { newestChange, withoutTakenBack } from "../../../durable-objects/recall/taken-back.ts";

const QUESTION = "Where do I keep my savings?";
/** Lines of one turn each, oldest first; what is kept of them. */
const kept = (texts: string[], question = QUESTION, role: Candidate["role"] = "user") => {
  const asked = questionOf(question);
  const weights = asked.terms.map(() => ({ own: 1, relative: 0, importance: 1 }));
  const lines = texts.map((text, depth) =>
    scored({ role, text, start: 0, toEnd: 0, turn: `${depth}`, depth, order: 0 }, asked, weights, texts.length, 0),
  );
  return withoutTakenBack(lines, question).map(({ text }) => text);
};
const OLD = "I keep my savings in shares.";
const NEW = "I was wrong: I keep my savings in bonds.";

it("quotes the correction alone, and both where the question is about before", () => {
  expect(kept([OLD, NEW])).toEqual([NEW]);
  expect(kept([`It rains. ${OLD}`, NEW])).toEqual([NEW]);
  expect(kept([OLD, NEW], "Where did I keep my savings before?")).toEqual([OLD, NEW]);
});

it.each([
  ["Mein Vater arbeitet als Müller.", "Das stimmte nicht: Mein Vater arbeitet als Bäcker."],
  ["我女儿在学书法。", "我说错了：我女儿在学芭蕾。"],
])("knows a correction in other languages: %s", (old, correction) => {
  expect(kept([old, correction], old)).toEqual([correction]);
});

it.each([
  ["I like summer best of all seasons.", "Please forget summer. My favourite season is winter."],
  ["I can spend 543 dollars.", "Forget about 543. My budget is 2896."],
  ["Ich mag am liebsten Birnen.", "Vergiss Birnen, die mag ich nicht. Mein liebstes Obst sind Kirschen."],
  ["我喜欢夏天。", "请忘掉夏天。我喜欢冬天。"],
  ["Ich mag am liebsten Birnen.", "Vergiss Birnen. Mein liebstes Obst sind Kirschen."],
])("knows what is to be forgotten: %s", (old, correction) => {
  expect(kept([old, correction], "Which season?")).toEqual([correction]);
});

it.each([
  [
    "my statistics exam is on 12 december.",
    "they moved the statistics exam, it's on 19 december now",
    "when is my exam?",
  ],
  [
    "My left hip is operated on 9 March.",
    "The hospital rang, my hip is operated on 16 March instead.",
    "When is my hip operated on?",
  ],
  ["We are flying to Malta in May.", "Malta is too hot, we are flying to Oslo in May instead.", "Where are we flying?"],
  ["My landlord is Mr Finch.", "Mr Finch sold the house, my landlord is Mrs Baxter now.", "Who is my landlord?"],
  ["I do not eat eggs any more.", "I was wrong: I do not eat seafood any more.", "What do I not eat any more?"],
  [
    "The letter came at last: parents' evening is on the 9th, so I cannot do the late shift that week.",
    "Change of plan, parents' evening is on the 17th now.",
    "When is parents' evening?",
  ],
  [
    "My old classmate became a diplomat.",
    "I was wrong: My old classmate became a priest.",
    "What did my old classmate become?",
  ],
  ["Der Kurs ist am Montag.", "Der Kurs wurde von Montag auf Freitag verschoben.", "Wann ist der Kurs?"],
  ["我们的会议在三楼。", "我们的会议改在五楼。", "我们的会议在几楼？"],
  [
    "I'm saving for a canoe and have got 300 of the 900 pounds together.",
    "I gave up on the canoe, I am saving for a telescope now.",
    "What am I saving for?",
  ],
])("knows what has changed: %s", (old, change, asked) => {
  expect(kept([old, change], asked)).toEqual([change]);
  expect(kept([change, old], asked)).toEqual([change, old]);
});

it.each([
  [
    "of which a change says little",
    "My dentist is on Monday at nine in room 4.",
    "The dentist is at ten now.",
    "Which day is my dentist?",
  ],
  [
    "of what is not asked",
    "My exam in law is on 12 May.",
    "My exam in maths is on 19 May now.",
    "When is my law exam?",
  ],
  ["that was once so", "I live in Hull.", "I live in Cork now.", "Where did I live before?"],
  [
    "beside a change of something else",
    "I live in flat 9f.",
    "The caretaker lives in flat 7c. I go by Max now.",
    "Which flat do I live in?",
  ],
  [
    "of which another clause has changed",
    "We are getting one on Saturday, and Duncan, my partner, wants something posh.",
    "Change of plan: we are getting a tortoise on Saturday.",
    "Who is my partner?",
  ],
])("keeps a line %s", (_, old, change, asked) => {
  expect(kept([old, change], asked)).toEqual([old, change]);
});

it.each([
  ["a line that corrects nothing", [OLD, "My aunt keeps her savings in bonds."]],
  ["a correction of something else", [OLD, "I was wrong: My aunt was born in Norway."]],
  ["what is to be remembered", ["I like summer.", "Don't forget summer: I fly to Porto then."]],
  ["what is to be remembered in German", ["Ich mag den Sommer.", "Bitte vergiss den Sommer nicht."]],
  ["what is to be remembered in German, said first", ["Ich mag den Sommer.", "Vergiss nicht den Sommer."]],
  ["what somebody forgot to say in Chinese", ["我对花生过敏，总带着药。", "忘了告诉你，我对花生过敏。"]],
  ["what is to be forgotten of something else", ["I like summer.", "Please forget the train."]],
  ["what was said after it", [NEW, OLD]],
])("keeps an older line beside %s", (_, texts) => {
  expect(kept(texts)).toEqual(texts);
});

it("lets what the model said take nothing back", () => {
  expect(kept([OLD, NEW], QUESTION, "assistant")).toEqual([OLD, NEW]);
});

it("knows the newest change of a line among others, whatever the question says", () => {
  const asked = "What do I want to buy when I have the money?";
  const question = questionOf(asked);
  const weights = question.terms.map(() => ({ own: 1, relative: 0, importance: 1 }));
  const rated = (text: string, depth: number) =>
    scored({ role: "user", text, start: 0, toEnd: 0, turn: `${depth}`, depth, order: 0 }, question, weights, 9, 0);
  const old = rated("I'm saving for a canoe.", 1);
  const others = [
    rated("The canoe is saving space.", 2),
    rated("I gave up on the canoe, I am saving for a bike now.", 3),
    rated("I am no longer saving for the canoe, a tent will do.", 4),
    rated("It is raining now.", 5),
  ];
  expect(newestChange(old, others, asked).map(({ depth }) => depth)).toEqual([4]);
  expect(newestChange(others[3]!, [old], asked)).toEqual([]);
});
