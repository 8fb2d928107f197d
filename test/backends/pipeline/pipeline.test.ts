/** A divided model in one program: the same bits as undivided, and nothing lost when a stage is. */
import { describe, expect, it } from "vitest";
import { StageStore } from "../../../durable-objects/stage/stage-store.ts";
import type { Backend, Sequence } from "../../../src/backends/backend.ts";
import { localPipeline } from "../../../src/backends/pipeline/local.ts";
import type { Pipeline } from "../../../src/backends/pipeline/pipeline.ts";
import type { StageLink } from "../../../src/backends/pipeline/stage.ts";
import { StageSequences } from "../../../src/backends/pipeline/stage-sequences.ts";
import { Failure } from "../../../src/core/failure.ts";
import { architectures } from "../../../src/models/index.ts";
import { decodeState } from "../../../src/state/codec.ts";
import { goldenNames, readGolden } from "../../support/golden.ts";
import { sqliteStorage } from "../../support/sqlite-storage.ts";
import { describeBackend, failure } from "../backend.suite.ts";
import { feed, toBytes } from "../feed.ts";
import { load, stageEngines } from "../packs.ts";

describeBackend({
  name: "pipeline of 2 stages",
  cases: ["bamba-groups4", "bamba-no-attention", "llama-rope-llama3", "zamba2-adapters-rope"],
  load: (golden, options) => load(`golden/${golden}`, options, 2),
  cannot: {
    "stays below the memory it is allowed": "each stage has a bound of its own",
    "refuses tokens beyond the context, the state stays":
      "its engines compute on, as one does; the turn refuses before",
  },
});

/** Every architecture, plain and with a tied head. */
const cases = [
  ...Object.keys(architectures).map((type) => goldenNames(`${type}-`).toSorted()[0]!),
  "bamba-groups4",
  "bamba-no-attention",
  "llama-grouped-tied",
  "granitemoehybrid-experts",
  "zamba2-adapters-rope",
];

/** The most likely next id, `n` times. */
async function greedy(sequence: Sequence, { vocab, sliceTokens }: Backend, prompt: Uint32Array, n: number) {
  const ids: number[] = [];
  let row = (await feed(sequence, prompt, sliceTokens)).slice(-vocab);
  while (ids.length < n) {
    ids.push(row.indexOf(Math.max(...row)));
    row = Float32Array.from(await sequence.forward(Uint32Array.of(ids.at(-1)!), "last"));
  }
  return ids;
}

describe.each([...new Set(cases)])("%s", (name) => {
  const { tokens } = readGolden(name);

  it.each([2, 4])("gives the same bits and tokens in %i stages as in one, also through bytes", async (count) => {
    const whole = (await load(`golden/${name}`)).backend;
    const { backend, fingerprint } = await load(`golden/${name}`, {}, count);
    const expected = await feed(await whole.open(), tokens, whole.sliceTokens);
    expect(await feed(await backend.open(), tokens, backend.sliceTokens)).toEqual(expected);
    expect(await feed(await backend.open(), tokens, 1)).toEqual(await feed(await whole.open(), tokens, 1));
    const prompt = tokens.subarray(0, 5);
    const ids = await greedy(await backend.open(), backend, prompt, 40);
    expect(ids).toEqual(await greedy(await whole.open(), whole, prompt, 40));
    const half = backend.sliceTokens * Math.ceil(tokens.length / 2 / backend.sliceTokens);
    if (half >= tokens.length) return;
    const sequence = await backend.open();
    await feed(sequence, tokens.subarray(0, half), backend.sliceTokens);
    const again = (await load(`golden/${name}`, {}, count)).backend;
    const resumed = await again.open(decodeState(await toBytes(sequence, fingerprint), fingerprint));
    const rest = await feed(resumed, tokens.subarray(half), again.sliceTokens);
    expect(rest).toEqual(expected.subarray(half * backend.vocab));
  });
});

const NAME = "bamba-groups4";
const OWNER = "ada";

/** A pipeline whose stages store epochs and can be made to fail; all stages outlive it, as objects do. */
async function world(stages = 4) {
  const engines = await stageEngines(`golden/${NAME}`, stages);
  const storages = new Map<string, ReturnType<typeof sqliteStorage>>();
  const storageOf = (owner: string, k: number) => {
    const storage = storages.get(`${owner}/${k}`) ?? sqliteStorage();
    storages.set(`${owner}/${k}`, storage);
    return storage;
  };
  const calls: string[] = [];
  const faults: { before: (call: string) => void | Promise<void> } = { before: () => {} };
  const open = (): Pipeline =>
    localPipeline(engines, {
      epochs: (owner, k) => new StageStore(storageOf(owner, k), "0".repeat(64), 500),
      wrap: (stage, k) => {
        const watched = async <R>(call: string, work: () => Promise<R>): Promise<R> => {
          calls.push(`${call} ${k}`);
          await faults.before(`${call} ${k}`);
          return work();
        };
        return {
          open: (...args) => watched("open", () => stage.open(...args)),
          pass: (...args) => watched("pass", () => stage.pass(...args)),
          store: (...args) => watched("store", () => stage.store(...args)),
          save: (...args) => stage.save(...args),
          release: (lease) => stage.release(lease),
        } satisfies StageLink;
      },
    });
  const whole = (await load(`golden/${NAME}`)).backend;
  return { open, whole, storageOf, calls, faults, engines };
}

/** Fails the n-th call of this name, as a platform does: with an error that is not ours. */
const once = (call: string, n: number) => {
  let left = n;
  return (made: string) => {
    if (made === call && --left === 0) throw new Error("the object was reset");
  };
};

const { tokens } = readGolden(NAME);
const prompt = tokens.subarray(0, 40);

describe("epochs", () => {
  /** What `from` answers to the ids of a greedy reply, given one by one. */
  async function answers(from: Sequence, ids: readonly number[]): Promise<number[]> {
    const answered: number[] = [];
    for (const id of ids) {
      const row = await from.forward(Uint32Array.of(id), "last");
      answered.push(row.indexOf(Math.max(...row)));
    }
    return answered;
  }

  it("a turn goes on from what the stages stored, in another pipeline", async () => {
    const { open, whole } = await world();
    const expected = await greedy(await whole.open(), whole, prompt, 20);
    const first = open();
    const sequence = await first.open(undefined, OWNER);
    expect(await greedy(sequence, first, prompt, 10)).toEqual(expected.slice(0, 10));
    const saved = { position: sequence.position, tensors: await sequence.save() };
    expect(saved.tensors.reduce((n, { data }) => n + data.length, 0)).toBeLessThan(1000);
    sequence.release();
    const resumed = await open().open(saved, OWNER);
    expect(await answers(resumed, expected.slice(10, 19))).toEqual(expected.slice(11));
    // Keeps the line above honest: the state is needed.
    expect(await answers(await open().open(undefined, "bob"), expected.slice(10, 19))).not.toEqual(expected.slice(11));
  });

  it.each([
    ["pass 0", 1],
    ["pass 0", 7],
    ["pass 2", 1],
    ["pass 2", 2],
    ["pass 2", 9],
    ["pass 3", 14],
    ["open 1", 1],
    ["open 3", 1],
    ["store 0", 1],
    ["store 2", 1],
    ["store 3", 2],
  ])("a turn is the same when stage call %s, number %i, meets a stage that died", async (call, n) => {
    const { open, whole, faults, calls } = await world();
    const expected = await greedy(await whole.open(), whole, prompt, 12);
    const pipeline = open();
    faults.before = once(call, n);
    const sequence = await pipeline.open(undefined, OWNER);
    expect(await greedy(sequence, pipeline, prompt, 6)).toEqual(expected.slice(0, 6));
    await sequence.save();
    const saved = { position: sequence.position, tensors: await sequence.save() };
    const copy = await pipeline.open(saved, OWNER);
    for (const from of [sequence, copy]) expect(await answers(from, expected.slice(6, 11))).toEqual(expected.slice(7));
    // It did happen, and all stages were opened again for it.
    expect(calls.filter((made) => made === "open 0").length).toBe(3);
  });

  it("gives up with stage_lost when a stage dies every time, and the conversation stays", async () => {
    const { open, faults, calls } = await world();
    const pipeline = open();
    const sequence = await pipeline.open(undefined, OWNER);
    await feed(sequence, prompt, pipeline.sliceTokens);
    const saved = { position: sequence.position, tensors: await sequence.save() };
    faults.before = (call) => {
      if (call === "pass 2") throw new Error("the object was reset");
    };
    const began = calls.length;
    expect(await failure(() => sequence.forward(Uint32Array.of(1), "last"))).toMatchObject({ code: "stage_lost" });
    expect(calls.slice(began).filter((call) => call === "pass 2").length).toBe(4);
    expect(sequence.position).toBe(prompt.length);
    faults.before = () => {};
    const row = Float32Array.from(await sequence.forward(Uint32Array.of(1), "last"));
    expect(await (await pipeline.open(saved, OWNER)).forward(Uint32Array.of(1), "last")).toEqual(row);
  });

  it("does not ask again what a stage refuses, or an overloaded platform", async () => {
    const { open, faults, calls } = await world();
    const pipeline = open();
    const thrown: unknown[] = [
      new Failure("memory_exceeded", "full"),
      Object.assign(new Error("remote"), { code: "memory_exceeded" }),
      Object.assign(new Error("Durable Object is overloaded"), { overloaded: true }),
    ];
    for (const [i, code] of ["memory_exceeded", "memory_exceeded", "bug"].entries()) {
      const sequence = await pipeline.open(undefined, OWNER);
      faults.before = (call) => {
        if (call === "pass 1") throw thrown[i];
      };
      const began = calls.length;
      expect((await failure(() => sequence.forward(Uint32Array.of(1), "last"))).code).toBe(code);
      expect(calls.slice(began).filter((call) => call === "pass 1").length).toBe(1);
      faults.before = () => {};
      // The state is as before the call.
      const row = Float32Array.from(await sequence.forward(Uint32Array.of(2), "last"));
      expect(await (await pipeline.open()).forward(Uint32Array.of(2), "last")).toEqual(row);
    }
  });

  it.each([
    ["the row of an epoch", "DELETE FROM epochs WHERE epoch = 2", "epoch 2 of a stage is not there"],
    ["a piece of it", "DELETE FROM pieces WHERE id = (SELECT max(id) FROM pieces)", "is not what was stored"],
    ["a bit of it", "UPDATE pieces SET bytes = zeroblob(length(bytes))", "is not what was stored"],
    ["everything", "DELETE FROM epochs", "epoch 2 of a stage is not there"],
    [
      "epoch 2, and has another by that number",
      "UPDATE epochs SET epoch = 9 - epoch * 3; UPDATE epochs SET epoch = 2 WHERE epoch = 6",
      "is not what was stored",
    ],
  ])("one stage that lost %s is found out, and nothing is computed", async (_, damage, message) => {
    const { open, storageOf, calls } = await world();
    const pipeline = open();
    const sequence = await pipeline.open(undefined, OWNER);
    await feed(sequence, prompt, pipeline.sliceTokens);
    const one = { position: sequence.position, tensors: await sequence.save() };
    await sequence.forward(Uint32Array.of(7), "none");
    const two = { position: sequence.position, tensors: await sequence.save() };
    sequence.release();
    for (const statement of damage.split("; ")) storageOf(OWNER, 2).sql.exec(statement);
    const began = calls.length;
    const { code, message: got } = await failure(() => pipeline.open(two, OWNER));
    expect([code, got]).toEqual(["state_unreadable", expect.stringContaining(message)]);
    expect(calls.slice(began).filter((call) => call.startsWith("pass"))).toEqual([]);
    // The epoch before is whole unless it was hit too.
    if (damage.includes("epoch = 2") && !damage.includes("6")) {
      const earlier = await pipeline.open(one, OWNER);
      expect(earlier.position).toBe(prompt.length);
      await earlier.forward(Uint32Array.of(7), "none");
      expect(earlier.position).toBe(two.position);
    }
  });

  it("an epoch that one stage alone has stored never counts", async () => {
    const { open, faults, whole } = await world();
    const pipeline = open();
    const sequence = await pipeline.open(undefined, OWNER);
    await feed(sequence, prompt, pipeline.sliceTokens);
    const saved = { position: sequence.position, tensors: await sequence.save() };
    await sequence.forward(Uint32Array.of(7), "none");
    faults.before = (call) => {
      if (call === "store 2") throw new Error("the object was reset");
    };
    // Stages 0, 1 and 3 run ahead on disk, several times.
    expect((await failure(() => sequence.save())).code).toBe("stage_lost");
    faults.before = () => {};
    const resumed = await open().open(saved, OWNER);
    const expected = await whole.open();
    await feed(expected, prompt, whole.sliceTokens);
    for (const id of [3, 4]) {
      const row = Float32Array.from(await expected.forward(Uint32Array.of(id), "last"));
      expect(await resumed.forward(Uint32Array.of(id), "last")).toEqual(row);
    }
    const next = { position: resumed.position, tensors: await resumed.save() };
    expect((await open().open(next, OWNER)).position).toBe(prompt.length + 2);
    // The epoch that it came from stays until the new one counts.
    expect((await open().open(saved, OWNER)).position).toBe(prompt.length);
  });

  it("another conversation's references, and references of different epochs, are refused", async () => {
    const { open } = await world();
    const pipeline = open();
    const sequence = await pipeline.open(undefined, OWNER);
    await sequence.forward(Uint32Array.of(1), "none");
    const one = await sequence.save();
    await sequence.forward(Uint32Array.of(1), "none");
    const two = await sequence.save();
    const refusal = async (tensors: typeof one, owner = OWNER, position = 2) => {
      const { code, message } = await failure(() => pipeline.open({ position, tensors }, owner));
      expect(code).toBe("state_unreadable");
      return message;
    };
    expect(await refusal(two, "bob")).toContain("another conversation");
    expect(await refusal([...two.slice(0, 3), one[3]!])).toContain("stage.3 is not of epoch 2");
    expect(await refusal(two.slice(1))).toContain("expected references to 4 stages, got 3");
    expect(await refusal(two, OWNER, 3)).toContain("position 3");
    const broken = { ...two[1]!, data: new TextEncoder().encode("{}") };
    expect(await refusal([two[0]!, broken, two[2]!, two[3]!])).toContain("stage.1 is not a reference");
  });

  it("stage k works on one slice while the one before works on the next", async () => {
    const { open, faults } = await world();
    const pipeline = open();
    const sequence = await pipeline.open(undefined, OWNER);
    let running = 0;
    let most = 0;
    faults.before = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
    };
    for (let at = 0; at < 12; at++) await sequence.forward(tokens.subarray(2 * at, 2 * at + 2), "none");
    const row = Float32Array.from(await sequence.forward(Uint32Array.of(5), "last"));
    expect(most).toBe(4);
    faults.before = () => {};
    const other = await pipeline.open();
    for (let at = 0; at < 12; at++) await other.forward(tokens.subarray(2 * at, 2 * at + 2), "last");
    expect(await other.forward(Uint32Array.of(5), "last")).toEqual(row);
  });

  it("keeps a few epochs at each stage, however many there were", async () => {
    const { open, storageOf } = await world(2);
    const pipeline = open();
    const sequence = await pipeline.open(undefined, OWNER);
    for (let turn = 0; turn < 24; turn++) {
      await sequence.forward(Uint32Array.of(turn), "none");
      await sequence.save();
    }
    const rows = storageOf(OWNER, 0).sql.exec("SELECT epoch, pieces FROM epochs ORDER BY epoch").toArray();
    expect(rows.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 16 }, (_, i) => 9 + i));
    // Rows of forgotten epochs are written over, so no more lie there than an epoch or two takes.
    const used = rows.map(({ pieces }) => JSON.parse(String(pieces)).length as number);
    const [{ n }] = storageOf(OWNER, 0).sql.exec("SELECT count(*) AS n FROM pieces").toArray() as [{ n: number }];
    expect(n).toBeLessThanOrEqual(used.reduce((a, b) => a + b, 0) + 2 * Math.max(...used));
  });

  it("frees every stage's memory when it is released, and knows no conversation for ever", async () => {
    const { open, engines } = await world();
    const pipeline = open();
    for (let n = 0; n < 3; n++) (await pipeline.open(undefined, `owner ${n}`)).release();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(engines.map(({ sequences }) => sequences)).toEqual([0, 0, 0, 0]);
  });
});

it("a stage that missed a slice, or got one twice, or is another instance, refuses the next", async () => {
  const [engine] = await stageEngines(`golden/${NAME}`, 2);
  const seat = new StageSequences(engine!);
  await seat.open("lease");
  await seat.pass("lease", 0, Uint32Array.of(1, 2), "none");
  for (const S of [0, 4])
    expect((await failure(() => seat.pass("lease", S, Uint32Array.of(1, 2), "none"))).code).toBe("stage_lost");
  expect((await failure(() => seat.pass("another", 2, Uint32Array.of(1, 2), "none"))).code).toBe("stage_lost");
  expect((await failure(() => new StageSequences(engine!).pass("lease", 2, Uint32Array.of(1), "none"))).code).toBe(
    "stage_lost",
  );
  await seat.pass("lease", 2, Uint32Array.of(3), "none");
});
