/** A conversation tree of plain turns, by their numbers, and what its index finds in it. */
import { ConversationStore } from "../../durable-objects/storage/conversation-store.ts";
import { stem } from "../../durable-objects/storage/index-terms.ts";
import type { SentenceCoder } from "../../durable-objects/storage/passage-senses.ts";
import { PIECE_BYTES } from "../../durable-objects/storage/state-pieces.ts";
import type { StoredTurn } from "../../durable-objects/storage/stored-turn.ts";
import { FaultyStorage } from "./faulty-storage.ts";
import { sqliteStorage } from "./sqlite-storage.ts";

export const name = (n: number) => n.toString(16).padStart(16, "0");

/** A code of two bytes: how often a sentence says "zebra" and "horse". */
export const animals: SentenceCoder = {
  version: 1,
  bytes: 2,
  codeOf: (sentence) => Uint8Array.from(["zebra", "horse"], (word) => sentence.split(word).length - 1),
};

export function numberedTree(storage = new FaultyStorage(sqliteStorage()), coder?: SentenceCoder) {
  const store = new ConversationStore(storage, PIECE_BYTES, coder);
  store.database.open();
  const add = (n: number, parent: number | null, content: string, fields: Partial<StoredTurn> = {}) => {
    const above = parent === null ? undefined : store.tree.node(name(parent))!;
    const turn = {
      ...{ id: name(n), parent: above?.id ?? null, depth: (above?.depth ?? 0) + 1, createdMs: n, status: "completed" },
      ...{
        start: above?.logged ?? 0,
        position: (above?.logged ?? 0) + 1,
        logged: (above?.logged ?? 0) + 2,
        hidden: false,
      },
      request: {
        ...{ tenant: "t", persistent: true, model: "m", sampling: {}, stop: [], messages: [{ role: "user", content }] },
        reply: { object: "chat.completion", stream: false, includeUsage: false },
      },
      ...{ fingerprint: "f", model: "m", origin: "new", reply: "Fine.", promptCount: 1, asked: "", history: "" },
      ...{ messageCount: 2, hasSystem: false, closed: true, generator: [], ...fields },
    } as StoredTurn;
    store.database.transaction(() => store.tree.insert(turn, Uint32Array.of(1, 2)));
  };
  /** Numbers of the turns on the path to `at` that say a word, newest first. */
  const find = (at: number, word: string, limit = 100) => {
    const { passages } = store.tree;
    const branch = passages.branch(store.tree.node(name(at))!);
    const [found] = passages.find(branch, [[[stem(word)]]], limit);
    return found!.map((posting) => Number.parseInt(passages.sectionAt(posting)!.turn, 16));
  };
  /** Turn, section and nearness of the sections on the path to `at` that are nearest to so many zebras and horses. */
  const alike = (at: number, [zebras, horses]: [zebras: number, horses: number], limit = 100, version = 1) => {
    const asked = {
      ...{ version, bytes: 2 },
      nearness: (codes: Uint8Array, place: number) => zebras * codes[place]! + horses * codes[place + 1]!,
    };
    const { passages } = store.tree;
    const branch = passages.branch(store.tree.node(name(at))!);
    const found = passages.alike(branch, asked, 1, limit).sections;
    return found.map((posting) => [
      Number.parseInt(passages.sectionAt(posting)!.turn, 16),
      posting.section,
      posting.nearness,
    ]);
  };
  return { store, storage, add, find, alike };
}
