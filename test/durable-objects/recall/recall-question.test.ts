import { expect, it } from "vitest";
import { floorFor } from "../../../durable-objects/recall/recall.ts";
import { isRemark, questionOf } from "../../../durable-objects/recall/recall-question.ts";
import { stem } from "../../../durable-objects/storage/index-terms.ts";

it.each([
  ["says so", "Where do I live?", 0, true],
  ["says so, and sounds like one about the world", "我该怎么减肥？", -2, false],
  ["sounds so, and says nothing of whose it is", "轿车放在什么位置？", 1.5, true],
  ["could be anybody's", "轿车放在什么位置？", 0, false],
  ["wants to be told something", "Erzähl mir einen Witz über Lehrer.", 0, false],
  ["wants to be told of his own", "告诉我我住在哪里。", 0, true],
  ["asks for advice", "What should I cook tonight?", 2, false],
  ["asks the assistant", "What is your name?", 1, false],
  ["asks for nothing", "Why?", 1.5, false],
])("whether a question is about the user himself: one that %s", (_, said, ownness, isOwn) => {
  expect(questionOf(said, ownness).isOwn).toBe(isOwn);
});

it.each([
  ["his own matters", "Where do I live?", 0, 0.25],
  ["nobody's, when nothing is known of what it means", "Who painted the Night Watch?", undefined, 0.66],
  ["somebody's, perhaps his own", "Who painted the hall?", 0.25, 0.61],
  ["rather the world", "Who painted the Night Watch?", -0.2, 0.7],
  ["the world", "Who painted the Night Watch?", -2, 0.8],
  ["the world, though it says I", "我该怎么减肥？", -2, 0.8],
])("a line must be so much of a question about %s", (_, said, ownness, floor) => {
  expect(floorFor(questionOf(said, ownness))).toBeCloseTo(floor, 10);
});

it.each(["Thanks a lot!", "谢谢你！", "Weiter so.", "I cannot follow you."])("%s is a remark", (said) => {
  expect(isRemark(said)).toBe(true);
});

it.each([
  "My dog is called Rex.",
  "我的狗名字叫小白。",
  "谁？",
  "Say my hobby.",
  "Please repeat my address.",
  "Nenne mein Hobby.",
  "说我的名字。",
])("%s is none", (said) => {
  expect(isRemark(said)).toBe(false);
});

it.each([
  ["What's my child's name?", "baby"],
  ["Who do I share my home with?", "flatmate"],
  ["What am I afraid of?", "terrified"],
  ["On which day do I do my sport?", "swim"],
  ["What did I do before my pension?", "retired"],
])("%s may have been told of as: %s", (said, word) => {
  expect(questionOf(said).terms.flatMap(({ relatives }) => relatives)).toContain(stem(word));
});

it.each([
  ["Do you remember who I am?", "0name", true],
  ["What should you call me?", "0name", true],
  ["Weißt du noch, wie ich heiße?", "0name", true],
  ["What am I?", "0job", true],
  ["What am I afraid of?", "0job", false],
  ["Who am I married to?", "0name", false],
  ["What do I do for a living?", "0job", true],
  ["What did I do before I came here?", "0job", true],
  ["On which day do I do my sport?", "0job", false],
])("%s asks by its form for %s: %s", (said, term, does) => {
  expect(questionOf(said).terms.some((each) => each.stem === term)).toBe(does);
});

it("requires no word for the kind of an answer about one's own matters, where there is another", () => {
  const required = (said: string) =>
    questionOf(said)
      .terms.filter(({ isImplied }) => !isImplied)
      .map((term) => term.stem);
  expect(required("What's my child's name?")).toEqual(["child"]);
  expect(required("How old is my baby?")).toEqual(["babi"]);
  expect(required("Wie heißt mein Hund?")).toEqual(["hund"]);
  expect(required("Write a note and sign it with my name.")).toContain(stem("name"));
  expect(required("What is my name?")).toEqual([stem("name")]);
  expect(required("How old is the river?")).toEqual(["old", "riv·"]);
  expect(required("What did I do with my old bike?")).toEqual(["old", "bike"].map(stem));
});
