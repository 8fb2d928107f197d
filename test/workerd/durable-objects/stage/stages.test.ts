/** A model in stages, each a Durable Object: the same bits as in one isolate, whatever happens to a stage. */
import { evictDurableObject, listDurableObjectIds, reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { packSource } from "../../../../durable-objects/model/pack.ts";
import { weights } from "../../../../durable-objects/model/served-model.ts";
import { remotePipeline } from "../../../../durable-objects/model/stage-client.ts";
import { Stage } from "../../../../durable-objects/stage/stage.ts";
import { liveSequences } from "../../../../durable-objects/stage/stage-weights.ts";
import type { Sequence } from "../../../../src/backends/backend.ts";
import { type Loaded, type LoadOptions, loadModel } from "../../../../src/backends/load-model.ts";
import { loadServed, type Served } from "../../../../src/dialogue/load.ts";
import { reply } from "../../../../src/dialogue/reply.ts";
import { Sampler } from "../../../../src/sampling/sampler.ts";
import { greedy } from "../../../../src/sampling/sampling.ts";
import { readManifest } from "../../../../src/weights/load-pack.ts";
import kernels from "../../../../wasm/build/kernels.wasm";
import { feed } from "../../../backends/feed.ts";
import { chat, events, http, say, send, streamText, textOf } from "../../../support/chat-client.ts";
import { inside, stub } from "../../../support/object.ts";
import { stagedCases } from "../../../support/staged-cases.ts";

type Pass = Stage["pass"];

/** Called before every pass of a stage, with its number and the tokens that it holds. */
let before: (stage: Stage, k: number, S: number) => void | Promise<void>;
const pass = Stage.prototype.pass;
Stage.prototype.pass = async function (this: Stage, ...args: Parameters<Pass>): ReturnType<Pass> {
  const { ctx } = this as unknown as { ctx: DurableObjectState };
  await before(this, Number(ctx.id.name?.split("/").at(-1)), args[1]);
  return pass.apply(this, args);
};
const abort = (stage: Stage) => (stage as unknown as { ctx: DurableObjectState }).ctx.abort("killed by the test");

const packEnv = (path: string) => ({ ...env, PACK_PATH: path }) as unknown as Env;
const options = (path: string): LoadOptions => ({ elsewhere: (divided) => remotePipeline(packEnv(path), divided) });
const model = (path: string): Promise<Loaded> => loadModel(packSource(packEnv(path)), kernels, options(path));
const dialogue = (path: string): Promise<Served> => loadServed(packSource(packEnv(path)), kernels, options(path));

let whole: Served;
beforeAll(async () => {
  // Files are signed with it.
  Object.assign(env, { SESSION_KEY: "a secret" });
  whole = await dialogue("tiny");
  const divided = await dialogue("tiny-4");
  await weights.get(async () => divided);
});
beforeEach(() => {
  before = () => {};
});
afterEach(async () => {
  expect(admission.live, "memory slots left").toBe(0);
  await expect.poll(liveSequences, { message: "sequences left at the stages" }).toBe(0);
  await reset();
});

describe.each(stagedCases)("%s", (name) => {
  it.each([2, 4])("gives the same bits and tokens in %i objects as in one isolate", async (count) => {
    const tokens = Uint32Array.from((await (await env.ASSETS.fetch(`http://assets/${name}.json`)).json()) as number[]);
    const [one, divided] = [await model(`${name}-1`), await model(`${name}-${count}`)];
    const run = async ({ backend }: Loaded, sequence: Sequence) => {
      const logits = await feed(sequence, tokens, backend.sliceTokens);
      const ids: number[] = [];
      for (let row = logits.slice(-backend.vocab); ids.length < 20; ) {
        ids.push(row.indexOf(Math.max(...row)));
        row = Float32Array.from(await sequence.forward(Uint32Array.of(ids.at(-1)!), "last"));
      }
      return { logits, ids };
    };
    const expected = await run(one, await one.backend.open());
    const sequence = await divided.backend.open();
    const got = await run(divided, sequence);
    expect(got.logits).toEqual(expected.logits);
    expect(got.ids).toEqual(expected.ids);
    sequence.release();
    expect((await listDurableObjectIds(env.STAGE)).length).toBeGreaterThanOrEqual(count);
  });
});

const stageOf = (name: string, k: number) => env.STAGE.getByName(`${stub(name).id}/${k}`);
const turn = (name: string, content: string, fields = {}) =>
  chat({ conversation: name, messages: [say(content)], max_tokens: 30, ...fields });

async function post(path: string, body: object): Promise<{ id: string }> {
  const response = await http(path, { body });
  expect(response.status).toBe(200);
  return response.json();
}

/** What the undivided model answers to these messages, one after another. */
async function undivided(contents: string[], maxTokens = 30): Promise<string[]> {
  const { backend, prompt } = whole;
  const sequence = await backend.open();
  const texts: string[] = [];
  let pending: number[] = [];
  for (const [n, content] of contents.entries()) {
    const closed = pending.at(-1) === whole.manifest.generation.eos[0];
    const messages = [{ role: "user" as const, content }];
    const own = n === 0 ? prompt.start(messages) : prompt.append({ hasSystem: false, closed }, messages);
    const sampler = new Sampler(backend.vocab, undefined, 1);
    let text = "";
    let last = 0;
    for await (const event of reply(whole, sequence, sampler, [...pending, ...own], {
      sampling: greedy,
      maxTokens,
      stop: [],
      ignoreEos: false,
    })) {
      if (event.type !== "prefill") text += event.text;
      if (event.type === "token") last = event.id;
    }
    pending = [last];
    texts.push(text);
  }
  sequence.release();
  return texts;
}

describe("a conversation", () => {
  it("keeps its state at the stages, and goes on from there after all of them were evicted", async () => {
    const contents = ["one", "two", "three"];
    const expected = await undivided(contents);
    expect(new Set(expected).size).toBe(3);
    for (const [n, content] of contents.entries()) {
      const { header, timings, ...answer } = await turn("evicted", content);
      expect([textOf({ ...answer, timings }), header]).toEqual([expected[n], n === 0 ? "new" : "resumed"]);
      expect(timings.prefill_tokens).toBeLessThan(45);
      // What the stages keep counts too, not the references alone.
      expect(timings.state_bytes).toBeGreaterThan(whole.backend.stateBytes(30));
      for (let k = 0; k < 4; k++) await evictDurableObject(stageOf("evicted", k) as never);
      await evictDurableObject(stub("evicted") as never);
    }
    const rows = await runInDurableObject(
      stageOf("evicted", 1) as never,
      ((_: unknown, { storage }: DurableObjectState) =>
        storage.sql.exec("SELECT epoch FROM epochs ORDER BY epoch").toArray()) as never,
    );
    expect(rows).toEqual([{ epoch: 1 }, { epoch: 2 }, { epoch: 3 }]);
  });

  it.each([
    [0, 0],
    [2, 32],
    [2, 75],
    [3, 60],
  ])("is answered the same when stage %i dies at token %i of a turn", async (k, token) => {
    const expected = await undivided(["one", "two"], 60);
    expect(textOf(await turn("ada", "one", { max_tokens: 60 }))).toBe(expected[0]);
    let killed = 0;
    let began: number | undefined;
    before = (stage, at, S) => {
      began ??= S;
      if (at !== k || S < began + token || killed > 0) return;
      killed++;
      abort(stage);
    };
    const stream = await events(
      await send({
        model: "tiny",
        conversation: "ada",
        messages: [say("two")],
        max_tokens: 60,
        stream: true,
      }),
    );
    expect([streamText(stream), killed]).toEqual([expected[1], 1]);
    before = () => {};
    expect((await turn("ada", "three")).header).toBe("resumed");
  });

  it("ends with stage_lost when a stage dies every time, and goes on later as if nothing had been", async () => {
    const expected = await undivided(["one", "two"]);
    await turn("ada", "one");
    before = (stage, k) => {
      if (k === 2) abort(stage);
    };
    const refused = await send({ model: "tiny", conversation: "ada", messages: [say("two")], max_tokens: 30 });
    expect([refused.status, ((await refused.json()) as { error: { code: string } }).error.code]).toEqual([
      503,
      "stage_lost",
    ]);
    before = () => {};
    const second = await turn("ada", "two");
    expect([textOf(second), second.header]).toEqual([expected[1], "resumed"]);
  });

  it.each([
    ["its rows", "DELETE FROM epochs"],
    ["a piece", "UPDATE pieces SET bytes = zeroblob(length(bytes))"],
  ])("is computed again, and says so, when one stage lost %s", async (_, damage) => {
    const expected = await undivided(["one", "two", "three", "four"]);
    await turn("ada", "one");
    await turn("ada", "two");
    await runInDurableObject(
      stageOf("ada", 2) as never,
      ((_: unknown, { storage }: DurableObjectState) => {
        storage.sql.exec(damage).toArray();
      }) as never,
    );
    const third = await turn("ada", "three");
    expect([textOf(third), third.header, third.timings.state]).toEqual([expected[2], "rebuilt", "rebuilt"]);
    expect(third.timings.rebuilt_tokens).toBeGreaterThan(60);
    const fourth = await turn("ada", "four");
    expect([textOf(fourth), fourth.header]).toEqual([expected[3], "resumed"]);
  });

  it("V6: is computed again at every stage where another pack has made the states", async () => {
    const expected = await undivided(["one", "two", "three", "four"]);
    await turn("ada", "one");
    await turn("ada", "two");
    await inside("ada", ({ store }) => store.database.exec("UPDATE family SET fingerprint = ?", "0".repeat(64)));
    const third = await turn("ada", "three");
    expect([textOf(third), third.header]).toEqual([expected[2], "rebuilt"]);
    expect(third.usage.prompt_tokens_details.cached_tokens).toBe(0);
    const fourth = await turn("ada", "four");
    expect([textOf(fourth), fourth.header]).toEqual([expected[3], "resumed"]);
  });

  it("forks from an earlier turn without computing it again, and both branches go on", async () => {
    const expected = await undivided(["one", "two", "three"]);
    const first = await turn("forked", "one");
    await turn("forked", "else");
    const { id } = await post("/v1/conversations/forked/fork", { turn: first.rivulet.turn });
    for (const [n, content] of ["two", "three"].entries()) {
      const answer = await turn(id, content);
      expect([textOf(answer), answer.header]).toEqual([expected[n + 1], n === 0 ? "forked" : "resumed"]);
      expect(answer.timings.rebuilt_tokens).toBe(0);
    }
    const other = await undivided(["one", "else", "more"]);
    const more = await turn("forked", "more");
    expect([textOf(more), more.header]).toEqual([other[2], "resumed"]);
  });

  it("goes on the same where its file is imported, computed again from its token log", async () => {
    const expected = await undivided(["one", "two", "three"]);
    await turn("exported", "one");
    await turn("exported", "two");
    const file = await http("/v1/conversations/exported/export");
    const imported = await http("/v1/conversations/import?id=imported", {
      headers: { "content-type": "application/vnd.rivulet.conversation" },
      body: await file.arrayBuffer(),
    });
    expect(imported.status, await imported.text()).toBe(200);
    const third = await turn("imported", "three");
    expect([textOf(third), third.header]).toEqual([expected[2], "rebuilt"]);
    // The one that it was made from is not disturbed.
    const other = await turn("exported", "three");
    expect([textOf(other), other.header]).toEqual([expected[2], "resumed"]);
  });

  it("begins with a shared prefix, computed again from its tokens", async () => {
    const made = await http("/v1/prefixes", {
      body: { name: "manual", text: "Turn the wheel to the left. ".repeat(8) },
    });
    expect(made.status, await made.clone().text()).toBe(200);
    const texts: string[] = [];
    for (const name of ["reader", "reader again"]) {
      const answer = await turn(name.replace(" ", "-"), "one", { prefix: "manual" });
      texts.push(textOf(answer));
      expect(answer.header).toBe("rebuilt");
    }
    expect(texts[1]).toBe(texts[0]);
    expect(texts[0]).not.toBe((await undivided(["one"]))[0]);
  });

  it("leaves nothing at any stage when it is deleted, and begins anew under its name", async () => {
    const expected = await undivided(["one"]);
    await turn("deleted", "one");
    const rows = (k: number) =>
      runInDurableObject(
        stageOf("deleted", k) as never,
        ((_: unknown, { storage }: DurableObjectState) =>
          storage.sql.exec("SELECT name FROM sqlite_schema WHERE name IN ('epochs', 'pieces')").toArray()
            .length) as never,
      );
    expect(await Promise.all([0, 1, 2, 3].map(rows))).toEqual([2, 2, 2, 2]);
    const gone = await http("/v1/conversations/deleted", { method: "DELETE" });
    expect(gone.status).toBe(200);
    expect(await Promise.all([0, 1, 2, 3].map(rows))).toEqual([0, 0, 0, 0]);
    const again = await turn("deleted", "one");
    expect([textOf(again), again.header]).toEqual([expected[0], "new"]);
  });

  it("does not mix with another that runs beside it", async () => {
    const expected = [await undivided(["one", "two"]), await undivided(["three", "four"])];
    const talk = async (name: string, contents: string[]) => {
      const texts: string[] = [];
      for (const content of contents) texts.push(textOf(await turn(name, content)));
      return texts;
    };
    expect(await Promise.all([talk("ada", ["one", "two"]), talk("bob", ["three", "four"])])).toEqual(expected);
  });
});

it("finds each stage where its own binding points, else under STAGE", async () => {
  const fetched: string[] = [];
  const watched = (name: string) => ({
    getByName: (object: string) => {
      fetched.push(`${name} ${object}`);
      return env.STAGE.getByName(object);
    },
  });
  const bound = { ...packEnv("tiny-4"), STAGE: watched("STAGE"), STAGE_2: watched("STAGE_2") } as unknown as Env;
  const { backend } = await loadModel(packSource(bound), kernels, {
    elsewhere: (divided) => remotePipeline(bound, divided),
  });
  (await backend.open(undefined, "owner")).release();
  expect(fetched).toEqual(["STAGE owner/0", "STAGE owner/1", "STAGE_2 owner/2", "STAGE owner/3"]);
});

it("readyz runs through all stages", async () => {
  const object = stub("probe");
  const response = await object.fetch("http://object/ready");
  const { manifest } = await readManifest(packSource(env));
  expect(await response.json()).toMatchObject({ status: "ready", golden: manifest.golden!.sha256 });
});
