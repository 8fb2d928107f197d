/**
 * States of one conversation tree share rows: whatever becomes of one of them, the others go on as if each had its own.
 */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { limits } from "../../../../durable-objects/platform/limits.ts";
import { ConversationStore } from "../../../../durable-objects/storage/conversation-store.ts";
import { countsOf } from "../../../../src/core/event-counts.ts";
import { FaultyStorage } from "../../../support/faulty-storage.ts";
import { gatedToy, until } from "../../../support/gated-toy.ts";
import { askObject, contentOf, converse, inside, named, rows, told, turnsOf } from "../../../support/object.ts";

/** A state has two pieces of its own, and a cache that some turns fill. */
const PIECE = 1000;
const { gate, toy } = gatedToy({ ballast: PIECE, ring: { sinks: 3, slots: 250 } });
beforeAll(() => {
  env.SESSION_KEY = "a secret" as never;
});

const opened = (conversation: string, pieceBytes: number, failAt?: number) =>
  inside(conversation, (instance, { storage }) => {
    const shim = new FaultyStorage(storage as never);
    instance.store = new ConversationStore(shim, pieceBytes);
    if (failAt !== undefined) shim.arm({ failAt, only: /pieces/ });
    return shim;
  });
const inPieces = (conversation: string) => opened(conversation, PIECE);
const turn = async (conversation: string, content: string, fields = {}) =>
  contentOf(await converse(conversation, content, fields));
const contents = Array.from({ length: 10 }, (_, n) => `this is turn ${n}`);
const shared = (conversation: string) => rows(conversation, "SELECT id, turn FROM pieces WHERE part < 0");

/** What a conversation says whose states have everything themselves. */
async function expectedOf(said: readonly string[]): Promise<string[]> {
  await opened("twin", 1_000_000);
  const texts: string[] = [];
  for (const content of said) texts.push(await turn("twin", content));
  expect(await shared("twin")).toEqual([]);
  return texts;
}

it("goes on from shared rows as from a state of its own, while the cache fills and goes round, and after a restart", async () => {
  const expected = await expectedOf(contents);
  await inPieces("ada");
  for (const [n, content] of contents.entries()) {
    const reply = await converse("ada", content);
    expect([reply.timings.state, contentOf(reply)], content).toEqual([n === 0 ? "new" : "resumed", expected[n]]);
    const [{ turns }] = (await rows("ada", "SELECT count(DISTINCT turn) AS turns FROM pieces WHERE part < 0")) as [
      { turns: number },
    ];
    // Of each turn that the cache reaches there is one row, however many states hold it.
    expect((await shared("ada")).length).toBe(turns);
    if (n !== 5) continue;
    await evictAllDurableObjects();
    await inPieces("ada");
  }
});

it("a fork, and what it was forked from, go on with what they share, also when one is deleted", async () => {
  const expected = await expectedOf(contents.slice(0, 5));
  await inPieces("ada");
  for (const content of contents.slice(0, 3)) await turn("ada", content);
  const fork = await told<{ id: string }>(askObject(named("ada"), "/head", { conversation: "ada", body: {} }));
  const onFork = { head: fork.id };
  expect(await turn("ada", contents[3]!)).toBe(expected[3]);
  expect(await turn("ada", contents[3]!, onFork)).toBe(expected[3]);
  const before = new Set((await shared("ada")).map((row) => row.turn));
  await told(askObject(named("ada"), "/head/main", { conversation: "ada", method: "DELETE" }));
  const left = new Set((await shared("ada")).map((row) => row.turn));
  expect([before.size, left.size]).toEqual([5, 4]);
  expect(await turn("ada", contents[4]!, onFork)).toBe(expected[4]);
});

it("a rewind goes on from an earlier state, and a state that was not kept is computed again", async () => {
  const expected = await expectedOf(contents.slice(0, 6));
  await inPieces("ada");
  for (const content of contents.slice(0, 6)) await turn("ada", content);
  const turns = (await turnsOf("ada")).reverse();
  limits.stateBudgetBytes = 0;
  await turn("ada", "only the last is kept");
  for (const at of [4, 2]) {
    await told(askObject(named("ada"), "/head/main/rewind", { conversation: "ada", body: { to: turns[at]!.id } }));
    expect(await turn("ada", contents[at + 1]!)).toBe(expected[at + 1]);
  }
});

it("a file has the whole state, and the copy goes on from it", async () => {
  const expected = await expectedOf(contents.slice(0, 4));
  await inPieces("ada");
  for (const content of contents.slice(0, 3)) await turn("ada", content);
  const response = await askObject(named("ada"), "/export/main");
  const file = new Uint8Array(await response.arrayBuffer());
  await told(askObject(named("copy"), "/import", { conversation: "copy", body: file }));
  await inPieces("copy");
  const reply = await converse("copy", contents[3]!);
  expect([reply.timings.state, contentOf(reply)]).toEqual(["resumed", expected[3]]);
});

it.each([
  [
    "a flipped byte",
    "UPDATE pieces SET bytes = zeroblob(length(bytes)) WHERE id = (SELECT max(id) FROM pieces WHERE part < 0)",
  ],
  ["too short", "UPDATE pieces SET bytes = substr(bytes, 2) WHERE part < 0"],
  ["not there", "DELETE FROM pieces WHERE id = (SELECT min(id) FROM pieces WHERE part < 0)"],
])("V1, V2: a shared row that is damaged, %s, is found out, and the answer is the same", async (_, damage) => {
  const expected = await expectedOf(contents.slice(0, 4));
  await inPieces("ada");
  for (const content of contents.slice(0, 3)) await turn("ada", content);
  const damaged = countsOf().get("state_damaged") ?? 0;
  await rows("ada", damage);
  const reply = await converse("ada", contents[3]!);
  expect([reply.timings.state, contentOf(reply)]).toEqual(["rebuilt", expected[3]]);
  expect((countsOf().get("state_damaged") ?? 0) - damaged).toBeGreaterThan(0);
});

it("C6: whatever statement about states fails, they are those of whole turns", async () => {
  const expected = await expectedOf(contents.slice(0, 4));
  for (let failAt = 1, failed = true; failed; failAt++) {
    const name = `ada-${failAt}`;
    await inPieces(name);
    for (const content of contents.slice(0, 2)) await turn(name, content);
    const shim = await opened(name, PIECE, failAt);
    const fields = { idempotencyKey: "k" };
    await converse(name, contents[2]!, fields).catch(() => undefined);
    failed = shim.failures > 0;
    await inPieces(name);
    expect(await turn(name, contents[2]!, fields), `statement ${failAt}`).toBe(expected[2]);
    expect(await turn(name, contents[3]!), `after statement ${failAt}`).toBe(expected[3]);
  }
});

it("rows that a running turn goes on from stay, whether it has read them or its state lay in the memory", async () => {
  const [, second, third] = await expectedOf(contents.slice(0, 3));
  for (const isWarm of [false, true]) {
    const name = `ada-${isWarm}`;
    Object.assign(toy().backend, { goesOnAsSaved: isWarm });
    await inPieces(name);
    limits.stateBudgetBytes = 0;
    // Responses without a conversation: no head stands anywhere, and only the last state of a path is kept.
    const after = (parent: string | null) => ({ head: undefined, parent }) as never;
    await turn(name, contents[0]!, after(null));
    const first = (await turnsOf(name))[0]!.id;
    let isHeld = true;
    let begun = false;
    gate.at = () => {
      if (begun) return;
      begun = true;
      return until(() => !isHeld);
    };
    const found = countsOf().get("state_warm") ?? 0;
    const running = turn(name, contents[1]!, after(first));
    await until(() => begun);
    expect((countsOf().get("state_warm") ?? 0) - found).toBe(Number(isWarm));
    await turn(name, "beside it", after(first));
    const beside = (await turnsOf(name))[0]!.id;
    await turn(name, "and once more", after(beside));
    isHeld = false;
    expect(await running).toBe(second);
    const last = (await turnsOf(name)).find(({ reply }) => reply === second)!;
    admission.clearWarm();
    const reply = await converse(name, contents[2]!, after(last.id));
    expect([reply.timings.state, contentOf(reply)]).toEqual(["resumed", third]);
    admission.clearWarm();
  }
});
