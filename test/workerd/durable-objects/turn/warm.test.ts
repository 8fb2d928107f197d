/**
 * What a turn leaves in the engine's memory changes nothing but the time of the next: the same replies and the same
 * rows as of a conversation that reads its state before every turn. The model is a real one, though tiny.
 */
import { evictDurableObject, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, it } from "vitest";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { served } from "../../../../durable-objects/model/served-model.ts";
import { armFaults } from "../../../../durable-objects/platform/fault-points.ts";
import { ConversationStore } from "../../../../durable-objects/storage/conversation-store.ts";
import type { TurnRequest } from "../../../../src/api/shared/turn.ts";
import type { Engine } from "../../../../src/backends/wasm/engine.ts";
import { countsOf } from "../../../../src/core/event-counts.ts";
import {
  askObject,
  contentOf,
  converse,
  inside,
  named,
  refused,
  rows,
  stub,
  told,
  turnRequest,
  turnsOf,
} from "../../../support/object.ts";

/** States have a piece of their own or two, and stretches. */
const PIECE = 8000;
let engine: Engine;
beforeAll(async () => {
  env.SESSION_KEY = "a secret" as never;
  engine = (await served(env)).backend as Engine;
});
afterEach(async () => {
  armFaults(undefined);
  admission.clearWarm();
  expect([admission.live, engine.sequences]).toEqual([0, 0]);
  await reset();
});

const warmTurns = () => countsOf().get("state_warm") ?? 0;
/** How many turns went on from what lay in the memory. */
async function warmIn(work: () => Promise<unknown>): Promise<number> {
  const before = warmTurns();
  await work();
  return warmTurns() - before;
}

const inPieces = (conversation: string) =>
  inside(conversation, (instance, { storage }) => {
    instance.store = new ConversationStore(storage as never, PIECE);
  });

/** A conversation; of a cold one no turn finds what the one before it left. */
class Talk {
  readonly name: string;
  readonly #isCold: boolean;
  /** Turns that found their state in the memory, in order. */
  readonly warm: boolean[] = [];
  #turns = 0;

  constructor(name: string, isCold: boolean) {
    this.name = name;
    this.#isCold = isCold;
  }

  /** Ids of turns and what is drawn are the same in every conversation of such turns. */
  async turn(content: string, fields: Partial<TurnRequest> = {}): Promise<string> {
    const n = this.#turns++;
    if (n === 0) await inPieces(this.name);
    if (this.#isCold) admission.clearWarm();
    const seed = n === 0 ? { seed: 1 } : {};
    const asked = { sampling: { temperature: 1.2 }, idempotencyKey: `k${n}`, ...seed, ...fields } as never;
    let text = "";
    this.warm.push((await warmIn(async () => (text = contentOf(await converse(this.name, content, asked))))) > 0);
    return text;
  }

  async ask(path: string, asking = {}) {
    return told<{ id: string }>(askObject(named(this.name), path, { conversation: this.name, ...asking }));
  }

  pieces = () =>
    rows(this.name, "SELECT id, turn, position, part, parts, stretches, hex(bytes) FROM pieces ORDER BY id");
  log = () =>
    rows(this.name, "SELECT id, parent, status, start, position, logged, hex(ids) FROM turns ORDER BY depth, id");
}

/** The same story of a conversation that is cold and of one that may be warm: what the latter was at each turn. */
async function both(story: (talk: Talk) => Promise<unknown>): Promise<boolean[]> {
  const [cold, warm] = [new Talk("cold", true), new Talk("warm", false)];
  const [expected, got] = [await story(cold), await story(warm)];
  expect(got).toEqual(expected);
  expect(await warm.pieces()).toEqual(await cold.pieces());
  expect(await warm.log()).toEqual(await cold.log());
  expect(cold.warm).not.toContain(true);
  return warm.warm;
}

it("replies and rows are those of a conversation that reads every state, and only the first turn finds none", async () => {
  const found = await both(async (talk) => {
    const texts: string[] = [];
    for (let n = 0; n < 12; n++)
      texts.push(
        await talk.turn(`this is turn ${n}${" and more".repeat(n % 5)}`, {
          maxTokens: 4 + n,
          ...(n === 6 ? { instructions: [{ role: "system", content: "in capitals" }] } : {}),
        }),
      );
    expect(new Set(texts).size).toBe(12);
    const shared = await rows(talk.name, "SELECT id FROM pieces WHERE part < 0");
    expect(shared.length).toBeGreaterThan(5);
    return texts;
  });
  expect(found).toEqual([false, ...Array(11).fill(true)]);
});

it("a turn on another head, after a fork or a rewind, or after another turn was deleted, reads the state it goes on from", async () => {
  const found = await both(async (talk) => {
    const texts = [];
    for (const content of ["one", "two", "three"]) texts.push(await talk.turn(content));
    const [, second] = (await turnsOf(talk.name)).map(({ id }) => id);
    const fork = await talk.ask("/head", { body: { at: second } });
    texts.push(await talk.turn("on the fork", { head: fork.id, seed: 2 }));
    texts.push(await talk.turn("four"));
    texts.push(await talk.turn("five"));
    await talk.ask("/head/main/rewind", { body: { to: second } });
    texts.push(await talk.turn("another three", { seed: 3 }));
    texts.push(await talk.turn("another four"));
    const [last] = (await turnsOf(talk.name)).map(({ id }) => id);
    await talk.ask(`/turn/${last}`, { method: "DELETE" });
    texts.push(await talk.turn("once more", { seed: 4 }));
    return texts;
  });
  // One of an object lies there at most: the fork's turn took it away, and so did main's that of the fork.
  expect(found).toEqual([false, true, true, false, false, true, false, true, false]);
});

it("a commit that fails once, and a turn that fails for good, leave nothing that a later turn could take", async () => {
  const found = await both(async (talk) => {
    const texts = [await talk.turn("one"), await talk.turn("two")];
    armFaults({ "commit.turn": { action: "throw", times: 1 } });
    texts.push(await talk.turn("three"));
    armFaults({ "turn.token": { action: "throw", from: 3 } });
    const fails = turnRequest("fails", { conversation: talk.name, id: "f".repeat(16) });
    expect((await refused(askObject(named(talk.name), "/turn", { conversation: talk.name, body: fails }))).code).toBe(
      "bug",
    );
    armFaults(undefined);
    texts.push(await talk.turn("four"), await talk.turn("five"));
    return texts;
  });
  expect(found).toEqual([false, true, true, false, true]);
});

it("a turn whose commit never went through is finished by another attempt, which finds nothing of the first", async () => {
  const story = async (talk: Talk) => {
    const texts = [await talk.turn("one"), await talk.turn("two")];
    armFaults({ "commit.end": { action: "throw", times: 3 } });
    const failed = { conversation: talk.name, idempotencyKey: "k2", sampling: { temperature: 1.2 } } as never;
    await expect(converse(talk.name, "three", failed)).rejects.toThrow("storage_unavailable");
    armFaults(undefined);
    texts.push(await talk.turn("three"), await talk.turn("four"));
    return texts;
  };
  const [cold, warm] = [new Talk("cold", true), new Talk("warm", false)];
  const expected = await story(cold);
  expect(await story(warm)).toEqual(expected);
  expect(await warm.log()).toEqual(await cold.log());
  expect(warm.warm).toEqual([false, true, false, true]);
});

it("of a conversation that is deleted nothing is left in the memory, and its name and keys begin anew", async () => {
  const talk = new Talk("ada", false);
  for (const content of ["one", "two"]) await talk.turn(content);
  expect(engine.sequences).toBe(1);
  await talk.ask("/head/main", { method: "DELETE" });
  expect(engine.sequences).toBe(0);
  expect((await refused(askObject(named("ada"), "/turns"))).code).toBe("not_found");
  // In the same instance of the object, whose turns have the ids of before.
  const states: string[] = [];
  for (const [n, content] of ["another", "and another"].entries()) {
    const found = warmTurns();
    const { timings } = await converse("ada", content, { idempotencyKey: `k${n}` } as never);
    states.push(`${timings.state} ${warmTurns() - found}`);
  }
  expect(states).toEqual(["new 0", "resumed 1"]);
});

it("a copy of a file begins with what it brings, and what lies in the memory for the original stays its own", async () => {
  const talk = new Talk("ada", false);
  for (const content of ["one", "two"]) await talk.turn(content);
  const file = new Uint8Array(await (await askObject(named("ada"), "/export/main")).arrayBuffer());
  await told(askObject(named("copy"), "/import", { conversation: "copy", body: file }));
  const asked = { sampling: { temperature: 1.2 } } as never;
  let copied = "";
  expect(await warmIn(async () => (copied = contentOf(await converse("copy", "three", asked))))).toBe(0);
  expect(await talk.turn("three")).toBe(copied);
  expect(talk.warm).toEqual([false, true, true]);
});

it("a new instance of the object finds nothing, and wipes what the last one left", async () => {
  const talk = new Talk("ada", false);
  await talk.turn("one");
  expect(engine.sequences).toBe(1);
  await evictDurableObject(stub("ada"));
  await inPieces("ada");
  expect(engine.sequences).toBe(0);
  await talk.turn("two");
  expect(talk.warm).toEqual([false, false]);
});

it("of more conversations than there are memory slots the ones that spoke last stay, and none of another tenant's is ever found", async () => {
  const asked = (tenant: string, n: number) =>
    ({ tenant, sampling: { temperature: 0 }, idempotencyKey: `k${n}` }) as never;
  const say = async (name: string, tenant: string, n: number) => {
    let text = "";
    const found = await warmIn(
      async () => (text = contentOf(await converse(name, `message ${n} of ${tenant}`, asked(tenant, n)))),
    );
    return { text, found };
  };
  const alone = new Map<string, string[]>();
  for (const tenant of ["ann", "bob"]) {
    alone.set(tenant, []);
    for (let n = 0; n < 4; n++) alone.get(tenant)!.push((await say("alone", tenant, n)).text);
  }
  expect(alone.get("ann")).not.toEqual(alone.get("bob"));
  admission.clearWarm();
  const slots = 4;
  const talks = ["t1", "t2", "t3"].flatMap((name) => ["ann", "bob"].map((tenant) => ({ name, tenant })));
  const found: number[] = [];
  for (let n = 0; n < 4; n++)
    for (const { name, tenant } of n % 2 === 0 ? talks : talks.toReversed()) {
      const reply = await say(name, tenant, n);
      expect(reply.text).toBe(alone.get(tenant)![n]);
      expect(engine.sequences).toBeLessThanOrEqual(slots);
      found.push(reply.found);
    }
  // Back and forth: the last four are met again, the other two have made room.
  const round = [1, 1, 1, 1, 0, 0];
  expect(found).toEqual([0, 0, 0, 0, 0, 0, ...round, ...round, ...round]);
});
