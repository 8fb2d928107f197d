import { expect, it, vi } from "vitest";
import { indexedWords } from "../../../durable-objects/storage/passage-index.ts";
import { migrate } from "../../../durable-objects/storage/schema.ts";
import { atOnce } from "../../../src/core/work.ts";
import { cpuMs } from "../../support/cpu-time.ts";
import { FaultyStorage } from "../../support/faulty-storage.ts";
import { animals, name, numberedTree } from "../../support/numbered-tree.ts";
import { backToSchema6 } from "../../support/older-schema.ts";
import { sqliteStorage } from "../../support/sqlite-storage.ts";

it("finds a word on the branch that is asked, and on no other", () => {
  const { add, find } = numberedTree();
  add(1, null, "zebra one");
  add(2, 1, "zebra two");
  add(3, 2, "zebra three");
  add(4, 1, "zebra four");
  add(5, 4, "zebra five");
  add(6, 4, "zebra six");
  add(7, null, "zebra seven");
  expect(find(3, "zebra")).toEqual([3, 2, 1]);
  expect(find(5, "zebra")).toEqual([5, 4, 1]);
  expect(find(6, "zebra")).toEqual([6, 4, 1]);
  expect(find(7, "zebra")).toEqual([7]);
  expect(find(2, "three")).toEqual([]);
});

it("agrees with a walk along the path, in random trees and after removals", () => {
  const { store, add, find } = numberedTree();
  let state = 7;
  const below = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
  const there: number[] = [];
  const hidden = new Set<number>();
  for (let n = 1; n <= 120; n++) {
    const parent =
      there.length === 0 || below(12) === 0 ? null : there[below(3) === 0 ? below(there.length) : there.length - 1]!;
    add(n, parent, `${below(2) ? "zebra" : "horse"} ${n}`);
    there.push(n);
    if (below(6) === 0) {
      const gone = there[below(there.length)]!;
      if (store.tree.hasChildren(name(gone))) {
        store.tree.hide(name(gone));
        hidden.add(gone);
      } else {
        store.tree.remove(name(gone));
        there.splice(there.indexOf(gone), 1);
      }
    }
  }
  for (const at of there) {
    const path = [...store.tree.path(name(at))].map(({ id }) => Number.parseInt(id, 16));
    const expected = path.filter(
      (n) => !hidden.has(n) && store.tree.turn(name(n))!.request.messages[0]!.content.startsWith("zebra"),
    );
    expect(find(at, "zebra"), `at ${at}`).toEqual(expected);
    expect(find(at, "zebra", 2)).toEqual(expected.slice(0, 2));
  }
});

it("finds along a path of more lanes than are searched one by one", () => {
  const { add, find } = numberedTree();
  add(1, null, "zebra");
  for (let n = 2; n <= 60; n += 2) {
    add(n, n === 2 ? 1 : n - 1, "horse");
    add(n + 1, n === 2 ? 1 : n - 1, n % 4 === 0 ? "zebra" : "horse");
  }
  expect(find(61, "zebra")).toEqual([...Array.from({ length: 15 }, (_, i) => 61 - 4 * i), 1]);
});

it("leaves nothing of a turn that is gone, and of one that is hidden only its place", () => {
  const { store, storage, add, find } = numberedTree();
  const indexed = () => storage.sql.exec("SELECT count(*) AS n FROM vocabulary").toArray()[0]!.n;
  storage.sql.exec("CREATE VIRTUAL TABLE vocabulary USING fts5vocab('passages', 'row')");
  add(1, null, "horse");
  add(2, 1, "zebra");
  add(3, 2, "zebra");
  // Not even before: words are hashed.
  const readable = "SELECT count(*) AS n FROM passages_data WHERE instr(block, CAST('zebra' AS BLOB)) > 0";
  expect(storage.sql.exec(readable).toArray()[0]!.n).toBe(0);
  expect(indexed()).toBe(3);
  store.tree.remove(name(3));
  expect(indexed()).toBe(3);
  add(4, 2, "horse");
  store.tree.hide(name(2));
  expect(indexed()).toBe(2);
  add(5, 2, "mule");
  expect(find(5, "horse")).toEqual([1]);
  expect(find(4, "horse")).toEqual([4, 1]);
});

it("finds the sections whose sentences are most like what is asked, on the branch and on no other", () => {
  const { add, alike } = numberedTree(undefined, animals);
  add(1, null, "A zebra. Two words: zebra zebra.");
  add(2, 1, "horse");
  add(3, 1, "zebra horse");
  add(4, 3, "Nothing of the kind.");
  add(
    5,
    4,
    `${"Nothing was said of it here, nor there, nor in the house behind the hill, nor by anybody who could be asked at all, nor anywhere. ".repeat(40)} A horse. A zebra zebra horse.`,
  );
  expect(alike(5, [2, 1])).toEqual([
    [5, 2, 5],
    [1, 0, 4],
    [3, 0, 3],
  ]);
  expect(alike(2, [1, 1], 1)).toEqual([[1, 0, 2]]);
  expect(alike(2, [0, 1])).toEqual([[2, 0, 1]]);
});

it("says how near the last of so many sentences is, however few turns hold them", () => {
  const { store, add } = numberedTree(undefined, animals);
  add(1, null, "zebra zebra zebra. zebra zebra. zebra.");
  const { passages } = store.tree;
  const branch = passages.branch(store.tree.node(name(1))!);
  const asked = { version: 1, bytes: 2, nearness: (codes: Uint8Array, at: number) => codes[at]! };
  expect([1, 2, 3, 4].map((limit) => passages.alike(branch, asked, 1, limit).usual)).toEqual([3, 2, 1, 0]);
});

it("compares with the newest sentences of the user's only, and never with the assistant's", () => {
  const { add, alike } = numberedTree(undefined, animals);
  add(1, null, "horse");
  add(2, 1, "A zebra horse.", { reply: "A horse horse horse." });
  // Fewer than are compared at most by the two first ones, in turns of as many as are kept of one.
  for (let n = 3; n <= 257; n++) add(n, n - 1, "zebra. ".repeat(70));
  expect(alike(257, [0, 1])).toEqual([
    [2, 0, 1],
    [1, 0, 1],
  ]);
  add(258, 257, "zebra. ".repeat(70));
  expect(alike(258, [0, 1])).toEqual([]);
});

it("keeps no codes of a damaged turn that is removed", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { store, storage, add } = numberedTree(undefined, animals);
  for (let n = 1; n <= 2; n++) add(n, n === 1 ? null : 1, "zebra");
  storage.sql.exec("UPDATE turns SET record = x'7b' WHERE id = ?", name(2));
  store.tree.forget();
  store.database.transaction(() => store.forgetTurn(name(2)));
  expect(warn).toHaveBeenCalledOnce();
  warn.mockRestore();
  const left = storage.sql.exec("SELECT hex(senses) AS senses FROM passage_turns ORDER BY place").toArray();
  expect(left.map(({ senses }) => senses)).toEqual(["010200000100", "000000000000"]);
});

it("leaves no sentence's numbers of a turn that is gone or hidden", () => {
  const { store, storage, add, alike } = numberedTree(undefined, animals);
  add(1, null, "zebra");
  add(2, 1, "zebra zebra");
  add(3, 2, "zebra zebra zebra");
  store.tree.hide(name(2));
  expect(alike(3, [1, 0]).map(([turn]) => turn)).toEqual([3, 1]);
  store.tree.remove(name(3));
  add(4, 2, "horse");
  expect(alike(4, [1, 0]).map(([turn]) => turn)).toEqual([1]);
  const left = storage.sql.exec("SELECT hex(senses) AS senses FROM passage_turns ORDER BY place").toArray();
  expect(left.map(({ senses }) => senses)).toEqual(["010200000100", "000000000000", "010200000001"]);
});

it("keeps no failed turn, and none that ended before its first token", () => {
  const { add, find } = numberedTree();
  add(1, null, "zebra");
  add(2, 1, "zebra", { status: "failed" });
  add(3, 1, "zebra");
  expect(find(3, "zebra")).toEqual([3, 1]);
});

it("indexes the turns of an earlier release when they are first needed", () => {
  const storage = new FaultyStorage(sqliteStorage());
  migrate(storage, 2);
  const { add: _, ...old } = { ...numberedTree(storage) };
  expect(old.store.tree.all()).toEqual([]);
  const again = numberedTree();
  again.add(1, null, "zebra");
  again.add(2, 1, "zebra");
  again.add(3, 1, "horse");
  // As version 2 left it.
  backToSchema6(again.storage);
  for (const table of ["passages", "passage_turns", "passage_lanes"]) again.storage.sql.exec(`DROP TABLE ${table}`);
  again.storage.sql.exec("ALTER TABLE turns DROP COLUMN lane");
  again.storage.sql.exec("UPDATE schema_version SET version = 2");
  const { find, add, store } = numberedTree(again.storage);
  expect(store.tree.passages.isBehind).toBe(false);
  expect([find(2, "zebra"), find(3, "zebra")]).toEqual([[2, 1], [1]]);
  add(4, 2, "zebra");
  expect(find(4, "zebra")).toEqual([4, 2, 1]);
});

it("compares with no code of another version, and with no question", () => {
  const { add, alike } = numberedTree(undefined, animals);
  add(1, null, "A zebra. A zebra? A horse!");
  expect(alike(1, [1, 0])).toEqual([[1, 0, 1]]);
  expect(alike(1, [1, 0], 100, 2)).toEqual([]);
  add(2, 1, "A zebra?");
  expect(alike(2, [1, 0])).toEqual([[1, 0, 1]]);
});

it("finds the words of what an earlier release kept no codes of, once, and codes of what follows", () => {
  const first = numberedTree();
  first.add(1, null, "zebra");
  first.add(2, 1, "zebra zebra");
  first.add(3, 1, "horse");
  // As version 5 left it.
  backToSchema6(first.storage);
  first.storage.sql.exec("ALTER TABLE passage_turns DROP COLUMN senses");
  first.storage.sql.exec("UPDATE schema_version SET version = 5");
  const { find, alike, add } = numberedTree(first.storage, animals);
  expect([find(2, "zebra"), find(3, "zebra")]).toEqual([[2, 1], [1]]);
  expect(alike(2, [1, 0])).toEqual([]);
  add(4, 3, "zebra");
  expect(find(4, "zebra")).toEqual([4, 1]);
  expect(alike(4, [1, 0])).toEqual([[4, 0, 1]]);
});

/** As long as a prefix may be. */
const longest = (part: string): string => part.repeat(Math.ceil((4 * 2 ** 20) / part.length)).slice(0, 4 * 2 ** 20);

it.each([
  ["sentences", longest("The patient came on Wednesday; her pressure was 132 over 84, as before. ")],
  ["one sentence", longest("the river state memory ")],
  ["one word", longest("a")],
  ["lines", longest("value 7, measured\n")],
  ["a script without spaces", longest("我的狗叫小白。它三岁了")],
])("the words of the longest text are found in pieces, none of which takes long: %s", (_, content) => {
  const said = { messages: [{ role: "user" as const, content }], reply: null };
  // What a piece takes is the least of three rounds, and a share of the whole: the processor is shared, and the
  // collector of garbage runs in between. The first one is left out: it looks for the end of the first sentence as
  // well, which may be all of the text.
  const piecesMs: number[] = [];
  const isEven = () => Math.max(...piecesMs.slice(1)) < piecesMs.reduce((a, b) => a + b) / 4;
  for (let round = 0; round < 3 && !(round && isEven()); round++) {
    const work = indexedWords(said);
    for (let piece = 0, done = false; !done; piece++) {
      const beganMs = cpuMs();
      done = work.next().done ?? false;
      piecesMs[piece] = Math.min(piecesMs[piece] ?? Infinity, cpuMs() - beganMs);
    }
  }
  // A piece of 64 kB, cut and then indexed.
  expect(piecesMs.length).toBeGreaterThan(2 * 60);
  expect(isEven(), `${Math.max(...piecesMs)} ms`).toBe(true);
});

it("a message of nothing but exclamation marks is cut to its end", () => {
  const content = `${longest("!").slice(1)}x`;
  const { starts } = atOnce(indexedWords({ messages: [{ role: "user", content }], reply: null }));
  expect(starts.length).toBeGreaterThan(100);
});

it("words that were found before are indexed as those that were not", () => {
  const one = numberedTree();
  const other = numberedTree();
  const content = "The zebra ran. The heron flew, and nothing was said of it. ".repeat(200);
  one.add(1, null, content);
  const turn = one.store.tree.turn(name(1))!;
  const words = atOnce(indexedWords({ messages: turn.request.messages, reply: turn.reply }));
  other.store.database.transaction(() => other.store.tree.insert(turn, Uint32Array.of(1, 2), words));
  const rows = ({ store }: ReturnType<typeof numberedTree>) =>
    ["passage_turns", "passages_data"].map((table) => store.database.exec(`SELECT * FROM ${table}`));
  expect(rows(other)).toEqual(rows(one));
  expect(other.find(1, "heron").length).toBeGreaterThan(3);
  const beganMs = cpuMs();
  const long = atOnce(
    indexedWords({ messages: [{ role: "user", content: longest("A value of the river. ") }], reply: null }),
  );
  const foundMs = cpuMs() - beganMs;
  const insertingMs = cpuMs();
  other.store.tree.passages.add({ id: name(9), parent: null, depth: 9 }, 5, long);
  expect(cpuMs() - insertingMs, "what is left for the transaction").toBeLessThan(foundMs / 2);
});

it("reads a section once, and what is hidden, removed or rolled back is not what was read", () => {
  const { store, storage, add } = numberedTree();
  const { tree, database } = store;
  add(1, null, "zebra one");
  add(2, 1, "zebra two");
  const read = (place: number) => {
    storage.arm({ only: /FROM (?:turns|passage_turns)/ });
    const text = tree.section({ place, depth: place, section: 0 })?.passages.at(0)?.text;
    return [text, storage.statements];
  };
  const [one, two] = ["zebra one", "zebra two"];
  expect([read(1), read(1), read(2), read(1)]).toEqual([
    [one, 2],
    [one, 0],
    // What was written last is known.
    [two, 1],
    [one, 0],
  ]);
  tree.hide(name(1));
  expect([read(2), read(2)]).toEqual([
    [two, 2],
    [two, 0],
  ]);
  const undone = () =>
    database.transaction(() => {
      add(3, 2, "zebra three");
      expect(read(3)[0]).toBe("zebra three");
      throw new Error("undone");
    });
  expect(undone).toThrow("did not answer");
  expect(read(3)[0]).toBeUndefined();
  expect(read(2)).toEqual([two, 2]);
  database.transaction(() => store.forgetTurn(name(2)));
  add(4, 1, "zebra four");
  expect(read(2)[0]).toBe("zebra four");
});

it("keeps what was read last, up to a bound on all of it", () => {
  const { store, storage, add } = numberedTree();
  const long = `Zebra. ${"It is a long way. ".repeat(200)}`;
  for (let n = 1; n <= 12; n++) add(n, n === 1 ? null : n - 1, long);
  const read = (place: number) => {
    storage.arm({ only: /FROM passage_turns/ });
    store.tree.section({ place, depth: place, section: 0 });
    return storage.statements;
  };
  for (let n = 1; n <= 5; n++) expect([read(n), read(n), read(1)]).toEqual([1, 0, 0]);
  for (let n = 6; n <= 12; n++) read(n);
  expect([read(12), read(11), read(1)]).toEqual([0, 0, 1]);
});
