import { expect, it } from "vitest";
import { normalized, Pieces, UNKNOWN } from "../../src/sentences/pieces.ts";

const names = ["<unk>", "<s>", "</s>", "▁", "a", "b", "ab", "▁ab", "▁house", "🙂", "ü", "我们", "我"];
const scores = Int16Array.from([0, 0, 0, -4000, -3000, -3000, -4500, -5000, -6000, -9000, -3000, -5000, -4000]);
const pieces = new Pieces({ count: names.length, text: new TextEncoder().encode(names.join("\n")), scores });
const cut = (text: string) => pieces.cut(normalized(text)).map((place) => names[place]);

it("makes one form of compatible ones, and one letter of white space", () => {
  expect(normalized("  ﬁne\t\n№５ ")).toBe("▁fine▁No5");
  expect(normalized(" \u0000 ")).toBe("");
});

it("takes the likeliest of all ways, and whole words before their parts", () => {
  expect(cut("ab")).toEqual(["▁ab"]);
  expect(cut("aab")).toEqual(["▁", "a", "ab"]);
  expect(cut("ab ab")).toEqual(["▁ab", "▁ab"]);
});

it("finds in capitals what it knows in small letters only", () => {
  expect(cut("House HOUSE")).toEqual(["▁house", "▁house"]);
});

it("finds pieces of letters of one to four bytes, whole ones only", () => {
  expect(cut("aüÜ我们我🙂")).toEqual(["▁", "a", "ü", "ü", "我们", "我", "🙂"]);
  expect(cut("们")).toEqual(["▁", "<unk>"]);
  expect(pieces.cut("\ud83d")).toEqual([UNKNOWN]);
  expect(pieces.cut("\ud83d\u00fc")).toEqual([UNKNOWN, 10]);
});

it("has one place for a character that it does not know, and never takes text for a beginning or an end", () => {
  expect(pieces.cut("x")).toEqual([UNKNOWN]);
  expect(pieces.cut("😀a🙂")).toEqual([UNKNOWN, 4, 9]);
  expect(cut("<s>")).not.toContain("<s>");
  expect(pieces.cut("")).toEqual([UNKNOWN]);
});
