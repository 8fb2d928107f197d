import { expect, it } from "vitest";
import { type ByteStrings, ByteStringsMaker } from "../../../src/constrain/tokens/byte-strings.ts";
import { ByteTree } from "../../../src/constrain/tokens/byte-tree.ts";
import { Random } from "../../../src/sampling/random.ts";

/** Few letters, so that many strings begin alike, some are equal and some are empty. */
function randomStrings(count: number, letters: number, longest: number, seed: number): Uint8Array[] {
  const random = Random.fromSeed(seed);
  const below = (n: number) => Math.floor(random.nextFloat() * n);
  return Array.from({ length: count }, () => {
    const length = below(longest + 1);
    return Uint8Array.from({ length }, () => (letters === 256 ? below(256) : 97 + below(letters)));
  });
}

function made(strings: readonly Uint8Array[]): ByteStrings {
  const maker = new ByteStringsMaker();
  for (const string of strings) maker.add(string, 0, string.length);
  return maker.made();
}

it.each([
  [2000, 2, 12],
  [500, 1, 40],
  [3000, 256, 6],
  [10, 3, 3],
  [0, 1, 1],
])(
  "%i strings of %i letters stand in the order of their bytes, and equal ones in their own",
  (count, letters, longest) => {
    const strings = randomStrings(count, letters, longest, count);
    const expected = strings
      .map((string, i) => ({ string: Buffer.from(string), i }))
      .filter(({ string }) => string.length > 0)
      .sort((a, b) => Buffer.compare(a.string, b.string) || a.i - b.i)
      .map(({ i }) => i);
    expect([...made(strings).sorted()]).toEqual(expected);
  },
);

it("a tree has every string once, at the node where it ends", () => {
  const strings = randomStrings(2000, 3, 9, 5);
  const all = made(strings);
  const order = all.sorted();
  const nodes = new Uint32Array(order.length);
  const tree = new ByteTree(all, order, nodes);
  const spelled = new Map<number, string>();
  const path: number[] = [];
  const until: number[] = [];
  for (let node = 0; node < tree.size; node++) {
    while (until.length > 0 && node >= until.at(-1)!) {
      until.pop();
      path.pop();
    }
    path.push(tree.bytes[node]!);
    until.push(tree.ends[node]!);
    spelled.set(node, Buffer.from(path).toString("latin1"));
  }
  order.forEach((string, i) => {
    expect(spelled.get(nodes[i]!)).toBe(Buffer.from(strings[string]!).toString("latin1"));
  });
  expect(new Set(spelled.values()).size).toBe(tree.size);
  expect(tree.depth).toBe(9);
});
