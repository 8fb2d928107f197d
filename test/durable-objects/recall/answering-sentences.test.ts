import { expect, it } from "vitest";
import { answeringSentences } from "../../../durable-objects/recall/answering-sentences.ts";

/** Sentences are in English, those that begin with "Ich" in German. */
const quoted = (...sentences: [text: string, worth: number, ...terms: number[]][]) =>
  answeringSentences(
    sentences.map(([text, worth, ...terms]) => ({
      text,
      worth,
      terms,
      language: Number(text.startsWith("Ich")),
      asksOnly: text.endsWith("?"),
    })),
  );

it("quotes the sentences that answer and the ones after them, and none that is of something else", () => {
  expect(
    quoted(
      ["I spilled wine on the carpet.", 0.4],
      ["I failed my driving test because of parking.", 3],
      ["A cyclist stood there.", 0],
      ["The sun shone.", 0],
    ),
  ).toBe("I failed my driving test because of parking. A cyclist stood there.");
  expect(quoted(["I have a dog.", 2], ["Ich trinke Tee.", 0], ["My dog is called Rex.", 3])).toBe(
    "I have a dog. My dog is called Rex.",
  );
});

it("quotes the one after a sentence whose language its words do not show", () => {
  const [lunch, vegan] = ["Right, lunch.", "I'm vegan, so what could I make?"].map((text, i) => ({
    text,
    worth: 1 - i,
    terms: [],
    language: i - 1,
    asksOnly: false,
  }));
  expect(answeringSentences([lunch!, vegan!])).toBe("Right, lunch. I'm vegan, so what could I make?");
  expect(answeringSentences([{ ...lunch!, language: 1 }, vegan!])).toBe("Right, lunch.");
});

it("quotes what is said beside a question, where it holds a term that better sentences do not", () => {
  const shower: [string, number, ...number[]] = ["Two evenings left until the baby shower.", 3, 1, 2];
  const sun: [string, number] = ["The sun shone.", 0];
  expect(quoted(["Am I knitting a shawl for it?", 0.5, 0], sun, shower)).toBe(
    `Am I knitting a shawl for it? ${shower[0]}`,
  );
  expect(quoted(["Is the baby asleep?", 0.5, 1], sun, shower)).toBe(shower[0]);
  expect(quoted(["I am knitting a shawl for Ann.", 0.5, 0], sun, shower)).toBe(shower[0]);
});

it("quotes with a sentence those that go on with it, and the one that it goes on with", () => {
  expect(
    quoted(
      ["We had a flood.", 0.5],
      ["It took us an hour to find the stopcock.", 3],
      ["The tap dripped.", 0],
      ["It is next to the boiler.", 0],
      ["Rain fell.", 0],
    ),
  ).toBe("We had a flood. It took us an hour to find the stopcock. The tap dripped. It is next to the boiler.");
  expect(quoted(["I bought a boat.", 0], ["She is called Wanderer.", 3])).toBe(
    "I bought a boat. She is called Wanderer.",
  );
  expect(quoted(["Der Hund ist alt.", 0], ["Er heißt Rex.", 3])).toBe("Der Hund ist alt. Er heißt Rex.");
  expect(quoted(["我养了一只猫。", 0], ["它叫小白。", 3])).toBe("我养了一只猫。 它叫小白。");
  expect(quoted(["Itzehoe is far.", 0], ["Itineraries are long.", 3])).toBe("Itineraries are long.");
});

it("quotes whole what is cut behind a full stop that ends no sentence", () => {
  expect(quoted(["Das Gespräch ist am 21.", 0], ["Juni um zehn.", 3])).toBe("Das Gespräch ist am 21. Juni um zehn.");
  expect(quoted(["My dentist is Dr.", 0], ["Hill.", 3])).toBe("My dentist is Dr. Hill.");
  expect(quoted(["My friend is Tom.", 0], ["Hills are green.", 3])).toBe("Hills are green.");
});

it("quotes all of a passage of which no sentence is worth anything by itself", () => {
  expect(quoted(["One.", 0], ["Two.", 0], ["Three.", 0])).toBe("One. Two. Three.");
  expect(quoted()).toBe("");
});
