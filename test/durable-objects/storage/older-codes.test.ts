import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { renewCodes } from "../../../durable-objects/storage/older-codes.ts";
import type { SentenceCoder } from "../../../durable-objects/storage/passage-senses.ts";
import { atOnce } from "../../../src/core/work.ts";
import { FaultyStorage } from "../../support/faulty-storage.ts";
import { animals, name, numberedTree } from "../../support/numbered-tree.ts";
import { sqliteStorage } from "../../support/sqlite-storage.ts";

/** A later encoder: of each animal twice as many. */
const later: SentenceCoder = {
  ...animals,
  version: 2,
  codeOf: (sentence) => animals.codeOf(sentence)?.map((count) => 2 * count),
};

type Tree = ReturnType<typeof numberedTree>;

/** An earlier release's conversation: five turns, the last two of which follow the second as well as the third. */
function older(storage = new FaultyStorage(sqliteStorage())): Tree {
  const { add } = numberedTree(storage, animals);
  add(1, null, "zebra");
  add(2, 1, "horse. Now what? zebra zebra");
  add(3, 2, "zebra horse");
  add(4, 2, "horse horse");
  add(5, 4, "zebra zebra zebra");
  return numberedTree(storage, later);
}

const renew = ({ store }: Tree, at: number, most?: number) =>
  atOnce(renewCodes(store, store.tree.node(name(at))!, later, most));
const codes = ({ storage }: Tree) =>
  storage.sql
    .exec("SELECT turn, hex(senses) AS senses FROM passage_turns ORDER BY turn")
    .toArray()
    .map(({ senses }) => senses);
const versions = (tree: Tree) => codes(tree).map((senses) => String(senses).slice(0, 2));

it("makes the codes of a branch those that it would have had, and finds by them what was said", () => {
  const tree = older();
  expect(tree.alike(5, [1, 0], 100, 2)).toEqual([]);
  expect(tree.store.tree.passages.hasMetOlder).toBe(true);
  renew(tree, 5);
  expect(tree.alike(5, [1, 0], 100, 2)).toEqual([
    [5, 0, 6],
    [2, 0, 4],
    [1, 0, 2],
  ]);
  expect(versions(tree)).toEqual(["02", "02", "01", "02", "02"]);
  renew(tree, 3);
  const fresh = numberedTree(undefined, later);
  fresh.add(1, null, "zebra");
  fresh.add(2, 1, "horse. Now what? zebra zebra");
  fresh.add(3, 2, "zebra horse");
  fresh.add(4, 2, "horse horse");
  fresh.add(5, 4, "zebra zebra zebra");
  expect(codes(tree)).toEqual(codes(fresh));
});

it("meets no codes of another version where there are none, and takes a hidden turn's for none", () => {
  const tree = older();
  tree.store.tree.hide(name(4));
  renew(tree, 5);
  tree.store.tree.passages.hasMetOlder = false;
  expect(tree.alike(5, [0, 1], 100, 2)).toEqual([[2, 0, 2]]);
  expect(tree.store.tree.passages.hasMetOlder).toBe(false);
  expect(codes(tree)[3]).toBe("0000000000000000".slice(0, 12));
});

it("tells sections that were read before by their new codes", () => {
  const tree = older();
  const posting = { place: 1, depth: 1, section: 0 };
  expect([...tree.store.tree.section(posting)!.codes!].slice(0, 1)).toEqual([1]);
  renew(tree, 1);
  expect([...tree.store.tree.section(posting)!.codes!].slice(0, 1)).toEqual([2]);
});

it("renews so many sentences, the newest first, and goes on behind them", () => {
  const storage = new FaultyStorage(sqliteStorage());
  const { add } = numberedTree(storage, animals);
  const long = "zebra. ".repeat(40);
  for (let n = 1; n <= 6; n++) add(n, n === 1 ? null : n - 1, long);
  const tree = numberedTree(storage, later);
  renew(tree, 6, 80);
  expect(versions(tree)).toEqual(["01", "01", "01", "01", "02", "02"]);
  renew(tree, 6, 80);
  expect(versions(tree)).toEqual(["01", "01", "02", "02", "02", "02"]);
  renew(tree, 6);
  expect(versions(tree)).toEqual(["02", "02", "02", "02", "02", "02"]);
});

it("leaves whole turns behind whichever statement fails, and a later one ends the work", () => {
  const counted = older();
  counted.storage.arm({});
  renew(counted, 5);
  const { statements } = counted.storage;
  expect(statements).toBeGreaterThan(5);
  for (let failAt = 1; failAt <= statements; failAt++) {
    const tree = older();
    const before = codes(tree);
    tree.storage.arm({ failAt });
    expect(() => renew(tree, 5)).toThrow();
    tree.storage.arm({});
    const after = codes(tree);
    for (const [n, senses] of after.entries()) expect([before[n], codes(counted)[n]]).toContain(senses);
    renew(tree, 5);
    expect(codes(tree)).toEqual(codes(counted));
  }
});

it("writes nothing to a turn that was hidden, removed or replaced while its sentences were encoded", () => {
  const tree = older();
  const work = renewCodes(tree.store, tree.store.tree.node(name(5))!, later);
  for (let sentence = 0; sentence < 4; sentence++) work.next();
  tree.store.tree.remove(name(5));
  tree.store.tree.hide(name(4));
  tree.add(6, 4, "zebra");
  atOnce(work);
  expect(versions(tree)).toEqual(["02", "02", "01", "00", "02"]);
  expect(tree.alike(6, [1, 0], 100, 2).map(([turn]) => turn)).toEqual([2, 6, 1]);
});

it("leaves a damaged turn's codes as they are, and goes on with others", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const tree = older();
  tree.storage.sql.exec("UPDATE turns SET record = x'7b' WHERE id = ?", name(4));
  renew(tree, 5);
  expect(versions(tree)).toEqual(["02", "02", "01", "01", "02"]);
  expect(warn).toHaveBeenCalledOnce();
  warn.mockRestore();
});

it("leaves nothing of codes that were longer, also where it ends in between", () => {
  const longer: SentenceCoder = { version: 1, bytes: 40, codeOf: () => new Uint8Array(40).fill(0x7a) };
  const storage = new FaultyStorage(sqliteStorage());
  numberedTree(storage, longer).add(1, null, "zebra");
  const tree = numberedTree(storage, later);
  const written: unknown[] = [];
  const exec = storage.sql.exec;
  storage.sql.exec = (query, ...bindings) => {
    if (query.startsWith("UPDATE passage_turns")) written.push(Buffer.from(bindings[0] as Uint8Array).toString("hex"));
    return exec(query, ...bindings);
  };
  const erased = `0128${"00".repeat(42)}`;
  const codesOfOne = "020200000200";
  storage.arm({ failAt: 2, only: /^UPDATE passage_turns/ });
  expect(() => renew(tree, 1)).toThrow();
  storage.arm({});
  renew(tree, 1);
  expect(written).toEqual([erased, codesOfOne, erased, codesOfOne]);
  expect(versions(tree)).toEqual(["02"]);
});

it("leaves nothing in the file of codes that were longer than a page", () => {
  const canary = "canary-5f3a";
  const longer: SentenceCoder = {
    ...{ version: 1, bytes: 128 },
    codeOf: () => Uint8Array.from(Buffer.from(canary.repeat(12).slice(0, 128))),
  };
  const folder = mkdtempSync(join(tmpdir(), "rivulet-codes-"));
  const file = join(folder, "file.sqlite");
  const plain = sqliteStorage(file);
  try {
    const storage = new FaultyStorage(plain);
    numberedTree(storage, longer).add(1, null, "zebra. ".repeat(64));
    expect(readFileSync(file).includes(canary)).toBe(true);
    const tree = numberedTree(storage, later);
    renew(tree, 1);
    expect(versions(tree)).toEqual(["02"]);
    plain.close();
    expect(readFileSync(file).includes(canary)).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
