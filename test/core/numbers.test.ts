import { expect, it } from "vitest";
import { ByteStringsMaker } from "../../src/constrain/tokens/byte-strings.ts";
import { TokenTree } from "../../src/constrain/tokens/token-tree.ts";
import { numbersBelow } from "../../src/core/numbers.ts";
import { MergeTable } from "../../src/tokenizer/merge-table.ts";

it("are as narrow as what is kept in them allows", () => {
  expect(numbersBelow(65_536, 3)).toEqual(new Uint16Array(3));
  expect(numbersBelow(65_537, 3)).toEqual(new Uint32Array(3));
});

/** The largest id is the first that two bytes cannot hold, or the last that they can. */
const largest = [65_535, 65_536];

it.each(largest)("a merge table finds the pairs of ids up to %i", (id) => {
  const merges = new MergeTable(Uint32Array.of(1, 2, id, id, 1, id - 1), new Set());
  expect([merges.rank(1, 2), merges.result(0)]).toEqual([0, id]);
  expect([merges.rank(id, 1), merges.result(1)]).toEqual([1, id - 1]);
  expect([merges.rank(0, 1), merges.rank(id & 0xffff, 2), merges.rank(2, 1)]).toEqual([-1, -1, -1]);
});

it.each([65_534, ...largest])("a tree of tokens tells the id %i from none", (id) => {
  const strings = new ByteStringsMaker();
  strings.add(Uint8Array.of(1, 2), 0, 2);
  strings.add(Uint8Array.of(3), 0, 1);
  const tree = new TokenTree(strings.made(), [id, 0]);
  expect([...tree.ids].map((found) => (found === tree.none ? "none" : found))).toEqual(["none", id, 0]);
});
