import { runDurableObjectAlarm } from "cloudflare:test";
import { expect, it } from "vitest";
import { armFaults } from "../../../../durable-objects/platform/fault-points.ts";
import { ConversationStore } from "../../../../durable-objects/storage/conversation-store.ts";
import { SCHEMA_VERSION } from "../../../../durable-objects/storage/schema.ts";
import type { Sequence } from "../../../../src/backends/backend.ts";
import { countsOf } from "../../../../src/core/event-counts.ts";
import { chat, type ErrorReply, http, type Reply, say, textOf } from "../../../support/chat-client.ts";
import { FaultyStorage } from "../../../support/faulty-storage.ts";
import { ask, gatedToy, pause, until } from "../../../support/gated-toy.ts";
import { askObject, inside, named, rows, stub, turnsOf } from "../../../support/object.ts";

// @ts-expect-error: the bundler's
const versions: Record<string, string> = import.meta.glob("../../../fixtures/*.sql", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** States of three pieces, as small as they can be. */
const PIECE = 1000;
const { gate, toy } = gatedToy({ ballast: 2 * PIECE });
const turn = (conversation: string, content: string, fields = {}) =>
  chat({ conversation, messages: [say(content)], ...fields });
const inPieces = (conversation: string) =>
  inside(conversation, (instance, { storage }) => {
    instance.store = new ConversationStore(storage as never, PIECE);
  });
const codeOf = async (response: Response) => [response.status, ((await response.json()) as ErrorReply).error.code];

async function dialogue(conversation: string, contents: string[]): Promise<string[]> {
  await inPieces(conversation);
  const texts: string[] = [];
  for (const content of contents) texts.push(textOf(await turn(conversation, content)));
  return texts;
}

/** Flips a bit of a piece of the newest state; `at` counts bits of the whole state. */
const flip = (conversation: string, at: number) =>
  inside(conversation, ({ store }, { storage }) => {
    const { turn: id } = store.heads.require("main");
    const set = store.pieces.of(id!)!;
    const byte = at >> 3;
    const row = set.rows[Math.floor(byte / PIECE)]!;
    const bytes = new Uint8Array(
      [...storage.sql.exec("SELECT bytes FROM pieces WHERE id = ?", row)][0]!.bytes as ArrayBuffer,
    );
    bytes[byte % PIECE]! ^= 1 << (at & 7);
    storage.sql.exec("UPDATE pieces SET bytes = ? WHERE id = ?", bytes, row);
  });
const stateOf = (conversation: string) =>
  inside(conversation, ({ store }) => store.pieces.read(store.pieces.of(store.heads.require("main").turn!)!));

it("V1: one flipped bit, in any piece, and the state is computed again: same answer, said so, counted", async () => {
  const [, , three] = await dialogue("twin", ["one", "two", "three"]);
  await dialogue("ada", ["one", "two"]);
  const bits = 8 * (await stateOf("ada")).length;
  const damaged = countsOf().get("state_damaged") ?? 0;
  const { turn: at } = await inside("ada", ({ store }) => store.heads.require("main"));
  for (let i = 0; i < 64; i++) {
    const bit = (i * 2_654_435_761) % bits;
    await flip("ada", bit);
    const response = await turn("ada", "three");
    expect([response.header, textOf(response)], `bit ${bit}`).toEqual(["rebuilt", three]);
    await inside("ada", ({ store }) => store.heads.put({ ...store.heads.require("main"), turn: at }));
    await flip("ada", bit);
  }
  expect((countsOf().get("state_damaged") ?? 0) - damaged).toBe(64);
});

it("O5, control of V1: without checksums the flipped bit is in the answer", async () => {
  const [, , three] = await dialogue("twin", ["one", "two", "three"]);
  await dialogue("ada", ["one", "two"]);
  const state = await stateOf("ada");
  const header = new DataView(state.buffer).getUint32(8, true);
  await flip("ada", 8 * (44 + header) + 3);
  armFaults({ off: ["checksum"] });
  const response = await turn("ada", "three");
  expect(response.header).toBe("resumed");
  expect(textOf(response)).not.toBe(three);
});

it.each([
  ["cut short", "UPDATE pieces SET bytes = substr(bytes, 1, length(bytes) - 1) WHERE id = 5"],
  ["twice", "INSERT INTO pieces SELECT 99, turn, position, part, parts, stretches, bytes FROM pieces WHERE id = 5"],
  ["in another order", "UPDATE pieces SET part = 2 - part WHERE id > 3"],
  ["not there", "DELETE FROM pieces WHERE id = 6"],
  ["all of them empty", "UPDATE pieces SET bytes = zeroblob(0)"],
])("V2: a piece %s: rebuilt, same answer", async (_, damage) => {
  const [, , three] = await dialogue("twin", ["one", "two", "three"]);
  await dialogue("ada", ["one", "two"]);
  await inside("ada", ({ store }) => store.database.exec(damage));
  const response = await turn("ada", "three");
  expect([response.header, textOf(response)]).toEqual(["rebuilt", three]);
});

it("V4: what a later release wrote is left alone: 409, nothing changed, and it opens again for its own", async () => {
  await dialogue("ada", ["one"]);
  await rows("ada", `INSERT INTO schema_version (version) VALUES (${SCHEMA_VERSION + 1})`);
  // Another release is another instance, which reads the version again.
  await inPieces("ada");
  const before = await rows("ada", "SELECT * FROM heads");
  expect(await codeOf(await ask("ada", "two"))).toEqual([409, "newer_state"]);
  expect(await codeOf(await askObject(named("ada"), "/turns"))).toEqual([409, "newer_state"]);
  expect(await rows("ada", "SELECT * FROM heads")).toEqual(before);
  await rows("ada", `DELETE FROM schema_version WHERE version = ${SCHEMA_VERSION + 1}`);
  expect((await turn("ada", "two")).header).toBe("resumed");
});

it("V6: a turn that another model began is not finished by this one", async () => {
  await dialogue("ada", ["one"]);
  let held = true;
  gate.at = () => (held ? until(() => !held) : undefined);
  const running = ask("ada", "two", { background: true });
  expect((await running).status).toBe(202);
  const [id] = await inside("ada", ({ store }) => store.journal.running());
  await inside("ada", ({ store }) => {
    const { accepted, epoch, ids } = store.journal.get(id!)!;
    store.journal.progress({ ...accepted, fingerprint: "another" }, ids, epoch);
    store.journal.take(id!);
  });
  held = false;
  await until(async () => await inside("ada", ({ scheduler }) => scheduler.get(id!) === undefined));
  await runDurableObjectAlarm(stub("ada"));
  await until(async () => (await turnsOf("ada")).length === 2);
  expect((await turnsOf("ada"))[0]).toMatchObject({ status: "failed", error: { code: "model_changed" } });
});

it("V7: a state with a number that is none is never kept: the turn fails, the one before stays", async () => {
  const [, two] = await dialogue("twin", ["one", "two"]);
  await dialogue("ada", ["one"]);
  const { open } = toy().backend;
  const spoilt = [Number.NaN, Number.POSITIVE_INFINITY];
  for (const number of spoilt) {
    toy().backend.open = async (...saved) => {
      const sequence: Sequence = await open(...saved);
      const data = new Uint8Array(Float32Array.of(number).buffer);
      return Object.defineProperty(sequence, "save", { value: () => [{ name: "x", dtype: "f32", shape: [1], data }] });
    };
    expect((await ask("ada", "two", { max_tokens: 8 })).status).toBe(500);
  }
  toy().backend.open = open;
  expect((await turnsOf("ada")).map(({ status }) => status)).toEqual(["failed", "failed", "incomplete"]);
  const again = await turn("ada", "two");
  expect([again.header, textOf(again)]).toEqual(["resumed", two]);
});

it("V9: with storage full a turn fails clean with 507; reading and forgetting still work", async () => {
  const reply = await chat({ conversation: "ada", messages: [say("one")] });
  const shim = await inside("ada", (instance, { storage }) => {
    const faulty = new FaultyStorage(storage as never);
    instance.store = new ConversationStore(faulty);
    return faulty;
  });
  shim.arm({ failAt: 1, forever: true, only: /^INSERT/, message: "database or disk is full: SQLITE_FULL" });
  expect(await codeOf(await ask("ada", "two"))).toEqual([507, "storage_full"]);
  expect(((await (await http(`/v1/chat/completions/${reply.id}`)).json()) as Reply).id).toBe(reply.id);
  shim.arm({});
  expect((await turn("ada", "two")).header).toBe("resumed");
  shim.arm({
    failAt: 1,
    forever: true,
    only: /^(INSERT INTO pieces|UPDATE pieces SET turn)/,
    message: "database or disk is full",
  });
  const late = await ask("ada", "three");
  expect(late.status).toBe(507);
  expect((await turnsOf("ada"))[0]).toMatchObject({ status: "failed", error: { code: "storage_full" } });
  const { id } = (await turnsOf("ada"))[1]!;
  const forget = await askObject(named("ada"), `/turn/${id}`, { method: "DELETE" });
  expect(forget.status).toBe(200);
});

it("V12: over a hundred turns the bytes of a state and the rows of a turn stay the same, and every state is what its tokens give", async () => {
  await turn("ada", "message 0");
  await until(() => inside("ada", ({ store }) => store.heads.all().every((head) => head.revision === head.told)));
  const [sizes, written] = [new Set<number>(), new Set<number>()];
  for (let n = 1; n <= 100; n++) {
    const before = await inside("ada", ({ store }) => store.database.rowsWritten);
    const { timings } = await turn("ada", `message ${n}`);
    const rowsNow = await inside("ada", ({ store }) => store.database.rowsWritten);
    // The turn after the damage below reads everything again, with checkpoints, and the next one
    // would delete what it has erased.
    if (timings.state === "resumed") written.add(rowsNow - before);
    else await inside("ada", ({ store }) => store.database.settled());
    sizes.add(Math.round(timings.state_bytes! / 1000));
    if (![10, 50, 100].includes(n)) continue;
    const head = await inside("ada", ({ store }) => store.heads.require("main"));
    const next = textOf(await turn("ada", "next"));
    const back = () => inside("ada", ({ store }) => store.heads.put(head));
    await back();
    await inside("ada", ({ store }) => store.database.exec("UPDATE pieces SET turn = ''"));
    const rebuilt = await turn("ada", "next");
    expect([rebuilt.header, textOf(rebuilt)]).toEqual(["rebuilt", next]);
    await back();
  }
  expect([...written]).toEqual([6]);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(4);
});

it("V14: there is a database of every version", () => {
  expect(Object.keys(versions).length).toBe(SCHEMA_VERSION);
});

it.each(Object.keys(versions))(
  "V3, V14: %s opens: its dialogue goes on, its fork is there, its unfinished turn is finished",
  async (file) => {
    await inside("ada", (_, { storage }) => {
      for (const statement of versions[file]!.split(";\n").filter((line) => line.trim() !== ""))
        storage.sql.exec(statement);
    });
    const texts: string[] = [];
    for (const content of ["one", "two", "three", "four"]) texts.push(textOf(await turn("twin", content)));
    const four = await turn("ada", "four");
    const turns = (await turnsOf("ada")).reverse();
    expect(turns.slice(0, 3).map(({ reply }) => reply)).toEqual(texts.slice(0, 3));
    expect([four.header, textOf(four), four.rivulet.parent]).toEqual(["resumed", texts[3], turns[2]!.id]);
    const heads = await inside("ada", ({ store }) => store.heads.all());
    expect(heads.map(({ id, turn: at }) => [id, at])).toContainEqual(["fork0000", turns[0]!.id]);
  },
);

it.each([true, false])(
  "O2, C5, C7: a failure inside the commit leaves nothing of it (control without a transaction: %s)",
  async (kept) => {
    await dialogue("ada", ["one"]);
    const plan = { "commit.turn": { action: "throw" as const, times: 3 } };
    armFaults(kept ? plan : { ...plan, off: ["transaction"] });
    await (await ask("ada", "two", { max_tokens: 8 })).text();
    armFaults(undefined);
    const [head] = await inside("ada", ({ store }) => store.heads.all());
    const turns = await turnsOf("ada");
    // Without it the turn is there and its head stands before it: half a commit.
    expect([turns.length, turns.at(-1)!.id === head!.turn]).toEqual([kept ? 1 : 2, true]);
  },
);

it("control of the retention: without it an earlier turn's state is gone", async () => {
  armFaults({ off: ["retention"] });
  await dialogue("ada", ["one", "two", "three", "four"]);
  const second = (await turnsOf("ada")).at(-2)!.id;
  expect(await inside("ada", ({ store }) => store.states.recomputeTokens(second))).toBeGreaterThan(0);
  armFaults(undefined);
  await dialogue("bob", ["one", "two", "three", "four"]);
  const kept = (await turnsOf("bob")).at(-2)!.id;
  expect(await inside("bob", ({ store }) => store.states.recomputeTokens(kept))).toBe(0);
  await pause(0);
});
