import { expect, it } from "vitest";
import { answerTokens } from "../../../durable-objects/model/token-question.ts";
import { toyServed } from "../../support/toy-served.ts";

it("looks at each kind of token once, however often it comes: bytes that are no text alone cost the most", async () => {
  const toy = toyServed();
  let looked = 0;
  const codec = {
    ...toy.codec,
    spelledBytes: (id: number) => {
      looked++;
      return toy.codec.spelledBytes(id);
    },
  };
  const text = "我a".repeat(5000);
  const {
    ids,
    pieces,
    text: whole,
  } = await answerTokens({ ...toy, codec }, { of: "text", text, control: false, opened: false });
  expect([ids.length, pieces.length, whole]).toEqual([20_000, 20_000, text]);
  expect(pieces.slice(0, 4)).toEqual([[0xe6], [0x88], [0x91], "a"]);
  expect(looked).toBe(4);
});
