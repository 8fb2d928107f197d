import { expect, it } from "vitest";
import { itemNamed, newConversation, splitConversation, turnNamed } from "../../../src/api/shared/ids.ts";

const [object, turn] = ["0123456789abcdef".repeat(2), "fedcba9876543210"];

it("a fork's id names the root's object and a head", () => {
  expect(splitConversation("mine")).toEqual({ root: "mine", head: "main" });
  expect(splitConversation("mine~0a1b2c3z")).toEqual({ root: "mine", head: "0a1b2c3z" });
  expect(splitConversation("a~12345678~abcdefgh")).toEqual({ root: "a~12345678", head: "abcdefgh" });
  for (const plain of ["mine~short", "mine~ABCDEFGH", "~abcdefgh", "mine~123456789"])
    expect(splitConversation(plain)).toEqual({ root: plain, head: "main" });
  expect(newConversation()).toMatch(/^conv_[0-9a-f]{32}$/);
});

it.each(["resp_", "chatcmpl-", "cmpl-"])("%s + object + turn names a turn", (prefix) => {
  expect(turnNamed(`${prefix}${object}${turn}`)).toEqual({ object, turn });
});

it("items count from 0 in their turn", () => {
  expect(itemNamed(`msg_${object}${turn}_0`)).toEqual({ object, turn, number: 0 });
  expect(itemNamed(`fc_${object}${turn}_12`)).toEqual({ object, turn, number: 12 });
});

it.each([
  "",
  "resp_",
  `resp_${object}`,
  `resp_${object}${turn}0`,
  `resp-${object}${turn}`,
  `resp_${object.toUpperCase()}${turn}`,
  ` resp_${object}${turn}`,
  `resp_${object}${turn}\n`,
  `msg_${object}${turn}_`,
  `msg_${object}${turn}_99999`,
  `msg_${object}${turn}_-1`,
])("%j was never given out", (id) => {
  expect(() => turnNamed(id)).toThrow(expect.objectContaining({ code: "not_found" }));
  expect(() => itemNamed(id)).toThrow(expect.objectContaining({ code: "not_found" }));
});
