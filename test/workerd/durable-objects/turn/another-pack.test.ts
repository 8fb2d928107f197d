/** The server is started with another pack of the same model: conversations that are kept go on (V6). */
import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { weights } from "../../../../durable-objects/model/served-model.ts";
import { limits } from "../../../../durable-objects/platform/limits.ts";
import { ConversationStore } from "../../../../durable-objects/storage/conversation-store.ts";
import { decodeState } from "../../../../src/state/codec.ts";
import { chat, type ErrorReply, events, http, say, send, textOf } from "../../../support/chat-client.ts";
import { emptied } from "../../../support/emptied.ts";
import { ask, stream, Tail, until } from "../../../support/gated-toy.ts";
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
import { type Toy, type ToyOptions, toyServed } from "../../../support/toy-served.ts";

const PIECE = 1000;
const usual = { ...limits };
let toy: Toy;
let gate: (position: number) => Promise<void> | void = () => {};

/** The server stops, and is started with this pack. */
async function startedWith(pack: ToyOptions["pack"]): Promise<Toy> {
  weights.forget();
  toy = toyServed({
    contextLength: 100_000,
    ballast: 2 * PIECE,
    onForward: (_, position) => gate(position),
    ...(pack ? { pack } : {}),
  });
  await weights.get(async () => toy);
  return toy;
}
const TOLD = { tokenizer: "a".repeat(64), template: "b".repeat(64) };
const earlier = { digit: "1", ...TOLD };
const later = { digit: "2", weights: 11, ...TOLD };

beforeEach(async () => {
  env.SESSION_KEY = "a secret" as never;
  await startedWith(earlier);
});
afterEach(async () => {
  gate = () => {};
  Object.assign(limits, usual);
  await until(() => admission.live === 0 && toy.live.size === 0, "places and sequences left");
  await emptied();
});

const turn = (conversation: string, content: string, fields = {}) =>
  chat({ conversation, messages: [say(content)], ...fields });

async function dialogue(conversation: string, contents: string[], fields = {}) {
  await inside(conversation, (instance, { storage }) => {
    instance.store = new ConversationStore(storage as never, PIECE);
  });
  const replies: Awaited<ReturnType<typeof turn>>[] = [];
  for (const content of contents) replies.push(await turn(conversation, content, fields));
  return replies;
}

/** The state that a pack has after these ids, from the first one on. */
async function fromScratch(pack: Toy, ids: Uint32Array): Promise<Uint8Array> {
  const sequence = await pack.backend.open();
  await sequence.forward(ids, "none");
  const [state] = await sequence.save();
  sequence.release();
  return state!.data as Uint8Array;
}

/** Of the turn that a conversation is at: its log, and its state with the pack that made it. */
const kept = (conversation: string, fingerprint: string, head = "main") =>
  inside(conversation, ({ store }) => {
    const id = store.heads.require(head).turn!;
    const set = store.pieces.of(id)!;
    const { position, tensors } = decodeState(store.pieces.read(set), fingerprint);
    return { position, data: tensors[0]!.data.slice(), log: store.tree.ids(id, 0, position) };
  });

async function expectOf(pack: Toy, conversation: string, head = "main"): Promise<void> {
  const { data, log } = await kept(conversation, pack.fingerprint, head);
  expect(data).toEqual(await fromScratch(pack, log));
}

const refusal = async (response: Response) => {
  const { error } = (await response.json()) as ErrorReply;
  return { status: response.status, code: error.code, param: error.param, message: error.message };
};

it("computes the conversation anew from its tokens, says so and why, and goes on from there at no further cost", async () => {
  const [, two] = await dialogue("ada", ["one", "two"]);
  const held = two!.usage.total_tokens - 1;
  const pack = await startedWith(later);
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
  await startedWith(earlier);
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
  const pack = await startedWith(later);
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
  expect(await count()).toBe(3);
  expect(before).toBeGreaterThan(10);
});

it("shows its progress, and lets others through", async () => {
  await dialogue("ada", ["one ".repeat(30), "two ".repeat(30)]);
  const pack = await startedWith(later);
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
  const pack = await startedWith(later);
  limits.checkpointTokens = 32;
  let cut = false;
  gate = (position) => {
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
  await startedWith(later);
  expect(await shown()).toEqual([false, false]);
  expect(await rewind(second!.id)).toBe(second!.position);
  expect(await rewind(first!.id)).toBe(first!.position);
  await turn("ada", "another two");
  expect(await shown()).toEqual([false, true]);
});

it("forks and goes back to turns from before", async () => {
  await dialogue("ada", ["one", "two", "three"]);
  const [, second, first] = await turnsOf("ada");
  const pack = await startedWith(later);
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
  const pack = await startedWith(later);
  const aside = await converse("ada", "three", { persistent: false });
  expect(aside.timings).toMatchObject({ state: "rebuilt", rebuilt_because: "model_changed" });
  expect(await rows("ada", "SELECT turn, position, part FROM pieces")).toEqual(before);
  expect(textOf(await turn("ada", "three"))).toBe(contentOf(aside));
  await expectOf(pack, "ada");
});

it("a turn that was running ends as failed, and is not continued; the next one goes on from before it", async () => {
  await dialogue("ada", ["one"]);
  limits.checkpointTokens = 1;
  let held = true;
  gate = (position) => (held && position > 60 ? new Promise(() => {}) : undefined);
  const key = { "idempotency-key": "k" };
  const asked = () => ask("ada", "two", { background: true, max_tokens: 100 }, key);
  expect((await asked()).status).toBe(202);
  const journalled = () => inside("ada", ({ store: { journal } }) => journal.running().map((id) => journal.get(id)!));
  await until(async () => (await journalled()).some(({ ids, accepted }) => ids.length > accepted.promptCount + 2));
  await abortAllDurableObjects();
  held = false;
  const pack = await startedWith(later);
  await until(async () => {
    await runDurableObjectAlarm(stub("ada"));
    return (await turnsOf("ada")).length === 2;
  });
  expect(pack.fed).toEqual([]);
  const [failed] = await turnsOf("ada");
  expect(failed).toMatchObject({ status: "failed", error: { code: "model_changed" }, fingerprint: "1".repeat(64) });
  expect(failed!.error!.message).toContain("send the request again (with another Idempotency-Key)");
  const repeated = (await (await asked()).json()) as { status?: string; error?: { code: string } };
  expect(repeated.error?.code ?? repeated.status).toBe("model_changed");
  const next = await turn("ada", "two");
  expect(next.timings).toMatchObject({ state: "rebuilt", rebuilt_because: "model_changed" });
  await expectOf(pack, "ada");
});

it("a reply that was finished before comes again under its key, word for word", async () => {
  const key = { "idempotency-key": "k" };
  const first = (await (await ask("ada", "one", { max_tokens: 8 }, key)).json()) as { choices: unknown };
  const pack = await startedWith(later);
  const again = (await (await ask("ada", "one", { max_tokens: 8 }, key)).json()) as { choices: unknown };
  expect(again.choices).toEqual(first.choices);
  expect(pack.fed).toEqual([]);
});

it("a stream that was finished before is resumed word by word; where the tokens read otherwise its text comes whole", async () => {
  const whole = await stream("ada", "one", { max_tokens: 12 });
  expect(await whole.end()).toBe("done");
  const { id } = (await turnsOf("ada"))[0]!;
  const after = async (n: number) => {
    const response = await http(
      `/v1/chat/completions/chatcmpl-${stub("ada").id.name}${id}?stream=true&starting_after=${n}`,
    );
    const rest = new Tail(response);
    await rest.end();
    return rest;
  };
  await startedWith(later);
  expect((await after(5)).seen).toEqual(whole.seen.filter((event) => event.id! > 5));
  const { detokenizer } = toy.codec;
  toy.codec.detokenizer = () => ({ ...detokenizer(), push: () => "?" });
  expect((await after(0)).content).toBe(whole.content);
  toy.codec.detokenizer = detokenizer;
});

it("a conversation that was made and holds nothing begins with the pack that is served", async () => {
  await http("/v1/conversations", { body: { id: "ada" } });
  const pack = await startedWith({ digit: "3", name: "tiny" });
  expect((await turn("ada", "one")).timings.state).toBe("new");
  await expectOf(pack, "ada");
});

it.each([
  [{ tokenizer: "c".repeat(64) }, "another tokenizer"],
  [{ template: "c".repeat(64) }, "another chat template"],
])("409 where the tokens would mean something else: %o", async (difference, reason) => {
  await dialogue("ada", ["one"]);
  const pack = await startedWith({ ...later, ...difference });
  const one = await refusal(await ask("ada", "two"));
  expect(one).toMatchObject({ status: 409, code: "model_changed", param: "conversation" });
  expect(one.message).toContain(reason);
  expect(one.message).toContain("serve the earlier pack again");
  expect(await refused(askObject(named("ada"), "/export/main"))).toMatchObject({ code: "model_changed" });
  expect(pack.fed).toEqual([]);
  // Nothing of it was touched.
  await startedWith(earlier);
  expect((await turn("ada", "two")).timings.state).toBe("resumed");
});

it("a branch that is begun beside it does not open the earlier one to another tokenizer", async () => {
  await dialogue("ada", ["one"]);
  const [first] = await turnsOf("ada");
  await startedWith({ ...later, tokenizer: "c".repeat(64) });
  expect((await converse("ada", "anew", { parent: null })).timings.state).toBe("new");
  const body = turnRequest("two", { conversation: "ada", parent: first!.id });
  const one = await refused(askObject(named("ada"), "/turn", { conversation: "ada", body }));
  expect(one).toMatchObject({ code: "model_changed" });
  expect(one.message).toContain("another tokenizer");
  expect((await converse("ada", "on")).timings.state).toBe("resumed");
});

it("409 where the model has another name", async () => {
  await dialogue("ada", ["one"]);
  await startedWith({ ...later, name: "large" });
  const one = await refusal(await ask("ada", "two", { model: "tiny" }));
  expect(one).toMatchObject({ status: 409, code: "model_changed", param: "conversation" });
  expect(one.message).toContain('it belongs to the model "tiny", and this is "large"');
});

/** Turns of earlier releases say nothing of their tokenizer and template. */
async function ofAnEarlierRelease(contents: string[]): Promise<void> {
  await startedWith(undefined);
  await dialogue("ada", contents);
}

it("of an earlier release, the log itself shows that it reads as it did", async () => {
  await ofAnEarlierRelease(["one", "two"]);
  const pack = await startedWith(later);
  expect((await turn("ada", "three")).timings).toMatchObject({ state: "rebuilt", rebuilt_because: "model_changed" });
  await expectOf(pack, "ada");
});

it("of an earlier release, 409 where the pack would have written the beginning or a reply otherwise", async () => {
  await ofAnEarlierRelease(["one", "two"]);
  const { prompt } = await startedWith(later);
  const { start } = prompt;
  toy.prompt.start = (...said) => [...start(...said).slice(1)];
  const one = await refusal(await ask("ada", "three"));
  expect(one).toMatchObject({ status: 409, code: "model_changed" });
  expect(one.message).toContain("its tokens are not those that this version");
  toy.prompt.start = start;
  const { detokenizer } = toy.codec;
  toy.codec.detokenizer = () => ({ ...detokenizer(), push: () => "?" });
  expect(await refusal(await ask("ada", "three"))).toMatchObject({ status: 409, code: "model_changed" });
  toy.codec.detokenizer = detokenizer;
  expect((await turn("ada", "three")).timings.state).toBe("rebuilt");
});

it("imports what the other pack has exported, and computes its state", async () => {
  await dialogue("ada", ["one", "two"]);
  const file = new Uint8Array(await (await askObject(named("ada"), "/export/main")).arrayBuffer());
  const pack = await startedWith(later);
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
