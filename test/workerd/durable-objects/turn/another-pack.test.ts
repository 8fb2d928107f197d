/**
 * The server is started with another pack of the same model: conversations that are kept are
 * computed anew, and go on (V6).
 */
import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { limits } from "../../../../durable-objects/platform/limits.ts";
import { decodeState } from "../../../../src/state/codec.ts";
import { anotherPack, EARLIER, LATER, TOLD } from "../../../support/another-pack.ts";
import { events, http, say, send, textOf } from "../../../support/chat-client.ts";
import { ask, stream, until } from "../../../support/gated-toy.ts";
import { askObject, contentOf, converse, inside, named, rows, stub, told, turnsOf } from "../../../support/object.ts";

const { gate, startedWith, turn, dialogue, kept, fromScratch, expectOf } = anotherPack();

it("computes the conversation anew from its tokens, says so and why, and goes on from there at no further cost", async () => {
  const [, two] = await dialogue("ada", ["one", "two"]);
  const held = two!.usage.total_tokens - 1;
  const pack = await startedWith(LATER);
  const third = await turn("ada", "three");
  expect([third.header, third.timings.state]).toEqual(["rebuilt", "rebuilt"]);
  expect(third.timings).toMatchObject({ rebuilt_tokens: held, rebuilt_because: "model_changed" });
  expect(third.usage.prompt_tokens_details.cached_tokens).toBe(0);
  await expectOf(pack, "ada");
  const before = pack.fed.length;
  const fourth = await turn("ada", "four");
  expect(fourth.timings).toMatchObject({ state: "resumed", rebuilt_tokens: 0 });
  expect(fourth.timings).not.toHaveProperty("rebuilt_because");
  expect(pack.fed.length - before).toBeLessThan(60);
  await expectOf(pack, "ada");
  // What it said is what those bits say, not what the earlier pack would have said.
  await startedWith(EARLIER);
  expect(textOf((await dialogue("twin", ["one", "two", "three"]))[2]!)).not.toBe(textOf(third));
});

it("answers as if nothing had happened where only the manifest's text is another", async () => {
  const contents = ["one", "two", "three", "four"];
  const expected = (await dialogue("twin", contents)).map(textOf);
  await dialogue("ada", contents.slice(0, 2));
  await startedWith({ digit: "2", ...TOLD });
  expect(textOf(await turn("ada", "three"))).toBe(expected[2]);
  expect(textOf(await turn("ada", "four"))).toBe(expected[3]);
});

it("no state of the earlier pack is loaded, and none is left", async () => {
  await dialogue("ada", ["one", "two", "three", "four", "five"]);
  const count = async () => (await rows("ada", "SELECT count(*) AS n FROM pieces"))[0]!.n as number;
  const before = await count();
  const pack = await startedWith(LATER);
  const { open } = pack.backend;
  const opened: number[] = [];
  pack.backend.open = (saved, owner) => {
    opened.push(saved?.position ?? 0);
    return open(saved, owner);
  };
  await turn("ada", "six");
  expect(opened).toEqual([0]);
  const sets = await inside("ada", ({ store }) =>
    [...store.pieces.sets().values()].map((set) => store.pieces.read(set)),
  );
  expect(sets.map((bytes) => decodeState(bytes, pack.fingerprint).position)).toHaveLength(1);
  await inside("ada", ({ store }) => store.database.settled());
  expect(await count()).toBe(3);
  expect(before).toBeGreaterThan(10);
});

it("shows its progress, and lets others through", async () => {
  await dialogue("ada", ["one ".repeat(30), "two ".repeat(30)]);
  const pack = await startedWith(LATER);
  const response = await send({
    ...{ model: "tiny", conversation: "ada", max_tokens: 8, messages: [say("three")] },
    ...{ stream: true, stream_options: { include_progress: true } },
  });
  const shown = (await events(response)).flatMap(({ data }) => (data as { progress?: object }).progress ?? []);
  const done = shown.map((progress) => (progress as { done: number }).done);
  expect(done.length).toBeGreaterThan(3);
  expect(done).toEqual(done.toSorted((a, b) => a - b));
  expect(new Set(shown.map((progress) => (progress as { total: number }).total)).size).toBe(1);
  await expectOf(pack, "ada");
});

it("K: cut off in the middle, it goes on from its checkpoint, and to the same bits", async () => {
  await dialogue("ada", ["one ".repeat(40), "two ".repeat(40)]);
  const pack = await startedWith(LATER);
  limits.checkpointTokens = 32;
  let cut = false;
  gate.at = (position) => {
    if (position < 200 || cut) return undefined;
    cut = true;
    return new Promise(() => {}); // until the object is gone
  };
  const broken = ask("ada", "three", { max_tokens: 8 }).catch(() => undefined);
  await until(() => cut);
  await abortAllDurableObjects();
  await broken;
  const before = pack.fed.length;
  await until(async () => {
    await runDurableObjectAlarm(stub("ada"));
    return (await turnsOf("ada")).length === 3;
  });
  const { data, log } = await kept("ada", pack.fingerprint);
  expect(pack.fed.length - before).toBeLessThan(log.length - 100);
  expect(data).toEqual(await fromScratch(pack, log));
  const [last] = await turnsOf("ada");
  expect([last!.status, last!.end!.timings.rebuilt_because]).toEqual(["incomplete", "model_changed"]);
});

describe("a client that leaves in the middle", () => {
  const long = ["one ".repeat(40), "two ".repeat(40)];

  /** Asks, and leaves when the engine has read so far; the turn that came of it. */
  const leaveAt = async (position: number, fields = {}) => {
    let held = true;
    let reached = false;
    gate.at = (at) => {
      if (at < position || !held) return undefined;
      reached = true;
      return until(() => !held);
    };
    const before = (await turnsOf("ada")).length;
    const tail = await stream("ada", "three", { max_tokens: 8, ...fields });
    await until(() => reached);
    await tail.cancel();
    held = false;
    gate.at = () => {};
    await until(async () => (await turnsOf("ada")).length > before, "the turn's end");
    const [left] = await turnsOf("ada");
    expect([left!.status, left!.logged - left!.start]).toEqual(["cancelled", 0]);
    return left!;
  };

  it("leaves what was read again to the next one, which goes on to the same bits", async () => {
    await dialogue("ada", long);
    const pack = await startedWith(LATER);
    const { start } = await leaveAt(100);
    await leaveAt(200);
    // Of the second as well, and nothing was read twice but slices that were under way.
    expect(pack.fed.length).toBeLessThan(start);
    const { timings, usage } = await turn("ada", "three");
    expect(timings).toMatchObject({ state: "rebuilt", rebuilt_because: "model_changed" });
    expect(timings.rebuilt_tokens).toBeLessThan(start - 190);
    expect(usage.prompt_tokens_details.cached_tokens).toBe(start - 1 - timings.rebuilt_tokens!);
    expect(pack.fed.length).toBeLessThan(usage.total_tokens + 3 * 36);
    await expectOf(pack, "ada");
    // It is of no more use, and the next turn goes on from that one.
    expect((await turn("ada", "four")).timings).toMatchObject({ state: "resumed", rebuilt_tokens: 0 });
    expect(
      await inside("ada", ({ store }) => [...store.pieces.sets().keys()].filter((id) => id.startsWith("~"))),
    ).toEqual([]);
    await expectOf(pack, "ada");
  });

  it("leaves it also when its turn is deleted, and to a fork", async () => {
    await dialogue("ada", long);
    const pack = await startedWith(LATER);
    limits.checkpointTokens = 32;
    const { id, start, parent } = await leaveAt(200);
    expect((await askObject(named("ada"), `/turn/${id}`, { method: "DELETE" })).status).toBe(200);
    const fork = await told<{ id: string; conversation: string }>(
      askObject(named("ada"), "/head", { conversation: "ada", body: { at: parent } }),
    );
    const { timings } = await turn(fork.conversation, "another three");
    expect(timings.rebuilt_tokens).toBeLessThan(start - 190);
    await expectOf(pack, "ada", fork.id);
    await turn("ada", "three");
    await expectOf(pack, "ada");
  });

  it("leaves all of it where its own prompt was being read, and nothing of that", async () => {
    await dialogue("ada", long);
    const pack = await startedWith(LATER);
    limits.checkpointTokens = 32;
    const asked = { messages: [say("three ".repeat(60))] };
    const { position } = (await turnsOf("ada"))[0]!;
    await leaveAt(position + 150, asked);
    const { timings, usage } = await turn("ada", "four");
    expect([timings.rebuilt_tokens, usage.prompt_tokens_details.cached_tokens]).toEqual([0, position]);
    await expectOf(pack, "ada");
  });
});

it("what is to be computed again is told before it is", async () => {
  await dialogue("ada", ["one", "two"]);
  const [second, first] = await turnsOf("ada");
  const shown = async () => {
    const { turns } = await told<{ turns: { stateKept: boolean }[] }>(askObject(named("ada"), "/turns?head=main"));
    return turns.map(({ stateKept }) => stateKept);
  };
  const rewind = async (to: string) =>
    (await told(askObject(named("ada"), "/head/main/rewind", { body: { to } }))).recomputeTokens;
  expect(await shown()).toEqual([true, true]);
  await startedWith(LATER);
  expect(await shown()).toEqual([false, false]);
  expect(await rewind(second!.id)).toBe(second!.position);
  expect(await rewind(first!.id)).toBe(first!.position);
  await turn("ada", "another two");
  expect(await shown()).toEqual([false, true]);
});

it("forks and goes back to turns from before", async () => {
  await dialogue("ada", ["one", "two", "three"]);
  const [, second, first] = await turnsOf("ada");
  const pack = await startedWith(LATER);
  await turn("ada", "four");
  const fork = await told<{ id: string; conversation: string }>(
    askObject(named("ada"), "/head", { conversation: "ada", body: { at: second!.id } }),
  );
  const other = await turn(fork.conversation, "another three");
  expect(other.timings).toMatchObject({ state: "rebuilt", rebuilt_because: "model_changed" });
  await expectOf(pack, "ada", fork.id);
  const back = await told(askObject(named("ada"), "/head/main/rewind", { body: { to: first!.id } }));
  expect(back.recomputeTokens).toBe(first!.position);
  const again = await turn("ada", "two, once more");
  expect(again.timings).toMatchObject({ rebuilt_tokens: first!.position, rebuilt_because: "model_changed" });
  await expectOf(pack, "ada");
});

it("a turn of which nothing is kept reads the log too, and leaves the conversation as it was", async () => {
  await dialogue("ada", ["one", "two"]);
  const before = await rows("ada", "SELECT turn, position, part FROM pieces");
  const pack = await startedWith(LATER);
  const aside = await converse("ada", "three", { persistent: false });
  expect(aside.timings).toMatchObject({ state: "rebuilt", rebuilt_because: "model_changed" });
  expect(await rows("ada", "SELECT turn, position, part FROM pieces")).toEqual(before);
  expect(textOf(await turn("ada", "three"))).toBe(contentOf(aside));
  await expectOf(pack, "ada");
});

it("a conversation that was made and holds nothing begins with the pack that is served", async () => {
  await http("/v1/conversations", { body: { id: "ada" } });
  const pack = await startedWith({ digit: "3", name: "tiny" });
  expect((await turn("ada", "one")).timings.state).toBe("new");
  await expectOf(pack, "ada");
});

it("imports what the other pack has exported, and computes its state", async () => {
  await dialogue("ada", ["one", "two"]);
  const file = new Uint8Array(await (await askObject(named("ada"), "/export/main")).arrayBuffer());
  const pack = await startedWith(LATER);
  const copy = (conversation: string, body: Uint8Array<ArrayBuffer>) =>
    told(askObject(named(conversation), "/import", { conversation, body }));
  await copy("copy", file);
  expect(await rows("copy", "SELECT * FROM pieces")).toEqual([]);
  expect((await turn("copy", "three")).timings).toMatchObject({ state: "rebuilt", rebuilt_because: "model_changed" });
  await expectOf(pack, "copy");
  // One that is exported now, before it was asked anything, is this pack's and has no state either.
  await copy("second", new Uint8Array(await (await askObject(named("ada"), "/export/main")).arrayBuffer()));
  expect(textOf(await turn("second", "three"))).toBe(textOf(await turn("ada", "three")));
  await expectOf(pack, "second");
});
