import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { longDialogue, type Told, told } from "../../../bench/long-dialogue/dialogue.ts";
import { holds, isRight, wordings } from "../../../bench/long-dialogue/right-answer.ts";

/**
 * Of lists that were measured as they stand: whoever answers with the second could be taken
 * for one who answered the first.
 */
const MEASURED = ["Osten in Nordosten", "Westen in Südwesten", "十二 in 二十二", "六点 in 六点一刻", "七点 in 七点半"];
/** Learnt before anybody compared: an unanswered one. */
const LEARNT = ["Which football club do I support?"];

const places = (text: string) => text.match(/\{.\}/g) ?? [];

describe.each(Object.entries(told) as [string, Told][])("the list %s", (_, { facts, unrelated, unanswered }) => {
  it("has its places, values and questions", () => {
    for (const { tell, correct, other, ask, rephrase, values } of facts) {
      for (const text of [...tell, correct]) expect(places(text), text).toEqual(["{v}"]);
      expect(places(other), other).toEqual(["{w}"]);
      for (const question of [...ask, ...rephrase]) expect(places(question), question).toEqual([]);
      expect(values.length, "a value, a distractor's and a corrected one").toBeGreaterThanOrEqual(3);
      for (const text of [...values.flatMap(wordings), ...ask, ...rephrase]) expect(text).toMatch(/^\S(.*\S)?$/);
    }
  });

  it("gives no answer away", () => {
    const given = facts.flatMap(({ values, ask, rephrase }) =>
      values.flatMap((value) =>
        [...ask, ...rephrase, ...values.filter((other) => other !== value).flatMap(wordings)]
          .filter((text) => wordings(value).some((wording) => holds(text, wording)))
          .map((text) => `${value} in ${text}`),
      ),
    );
    expect(given.filter((text) => !MEASURED.includes(text))).toEqual([]);
  });

  it("asks nothing twice", () => {
    const questions = [
      ...facts.flatMap(({ ask, rephrase }) => [...new Set([...ask, ...rephrase])]),
      ...unrelated,
      ...unanswered,
    ];
    expect(questions.filter((question, i) => questions.indexOf(question) !== i)).toEqual([]);
  });

  it("tells every value and asks for it", () => {
    const { turns, probes } = longDialogue(30, 1, { facts, unrelated, unanswered });
    const kinds = Map.groupBy(probes, ({ kind }) => kind);
    expect(kinds.get("corrected")).toHaveLength(Math.ceil(facts.length / 4));
    for (const kind of ["plain", "rephrased"] as const)
      expect(kinds.get(kind)).toHaveLength(facts.length - Math.ceil(facts.length / 4));
    for (const { value, right, wrong, turn } of probes.filter((probe) => probe.value !== "")) {
      expect(turns[turn]!.user).toContain(value);
      expect(right[0]).toBe(value);
      expect(isRight(`It is ${value}.`, { right, wrong })).toBe(true);
    }
    expect(turns.map(({ user }) => user).join()).not.toMatch(/\{.\}|=/);
  });
});

describe.each(["weeks", "months", "evenings", "letters"] as const)("the blind list %s", (name) => {
  it("shares no question with what the encoder learns from", () => {
    const letters = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
    const files = ["training/told", "training/memory/asked"].flatMap((folder) =>
      readdirSync(folder).map((file) => readFileSync(`${folder}/${file}`, "utf8")),
    );
    const learnt = new Set(files.flatMap((text) => text.split(/[\n|=]/u)).map(letters));
    const { facts, unrelated, unanswered } = told[name];
    const asked = [...facts.flatMap(({ ask, rephrase }) => [...ask, ...rephrase]), ...unrelated, ...unanswered];
    expect(asked.filter((question) => learnt.has(letters(question)) && !LEARNT.includes(question))).toEqual([]);
  });
});

it("judges an answer by any wording of the value, whole numbers, and what it must not be", () => {
  const probe = { right: ["14:20", "2:20"], wrong: ["13:05", "1:05"] };
  expect(isRight("You booked the 2:20 pm train.", probe)).toBe(true);
  expect(isRight("At 14:20.", probe)).toBe(true);
  expect(isRight("At 12:20.", probe)).toBe(false);
  expect(isRight("At 14:20, or was it 13:05?", probe)).toBe(false);
  expect(isRight("I do not know.", probe)).toBe(false);
  expect(holds("in 2014", "14")).toBe(false);
  expect(holds("2014 or 14", "14")).toBe(true);
  expect(holds("BERGEN", "Bergen")).toBe(true);
});
