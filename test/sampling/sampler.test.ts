import { describe, expect, it, vi } from "vitest";
import { Candidates } from "../../src/sampling/candidates.ts";
import { Random, splitMix64 } from "../../src/sampling/random.ts";
import { Sampler } from "../../src/sampling/sampler.ts";
import { greedy, RECENT_TOKENS, type Sampling } from "../../src/sampling/sampling.ts";
import { definition } from "./sampler-definition.ts";

const drawing: Sampling = { ...greedy, temperature: 1 };

/** Roughly normal, spread like a language model's. */
function randomLogits(vocab: number, random: Random, spread = 4): Float32Array {
  const normal = () => Array.from({ length: 12 }, () => random.nextFloat()).reduce((a, b) => a + b, -6);
  return Float32Array.from({ length: vocab }, () => spread * normal());
}

/** Ids that can come out, and how often. */
function frequencies(
  sampler: Sampler,
  logits: Float32Array,
  sampling: Sampling,
  draws: number,
  allowed?: Uint32Array,
): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < draws; i++) {
    const { id } = sampler.choose(logits, sampling, allowed);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

describe("random", () => {
  it("gives the published numbers of xoshiro128** and SplitMix64", () => {
    // rand_xoshiro's test vectors, made with the authors' C programs.
    const random = new Random([1, 2, 3, 4]);
    expect(Array.from({ length: 10 }, () => random.nextWord())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
    const next = splitMix64(1477776061723855037n);
    expect([next(), next(), next()]).toEqual([1985237415132408290n, 2979275885539914483n, 13511426838097143398n]);
  });

  it("spreads floats evenly over [0, 1)", () => {
    const random = Random.fromSeed(7);
    const counts = new Array<number>(64).fill(0);
    for (let i = 0; i < 64_000; i++) counts[Math.floor(random.nextFloat() * 64)]!++;
    const chiSquare = counts.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(103.4); // 63 degrees of freedom, p = 0.001
  });

  it("takes any integer as a seed and tells them apart", () => {
    const first = [0, 1, -1, 2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 32].map((seed) => Random.fromSeed(seed).nextWord());
    expect(new Set(first).size).toBe(first.length);
  });

  it.each([[[0, 0, 0, 0]], [[1, 2, 3]], [[1, 2, 3, -4]], [[1, 2, 3, 2 ** 32]], [[1.5, 2, 3, 4]]])(
    "refuses %j as a state",
    (words) => {
      expect(() => new Random(words)).toThrow(expect.objectContaining({ code: "state_unreadable" }));
    },
  );
});

describe("sampler", () => {
  it("keeps exactly the tokens of the plain definition, at their probabilities", () => {
    const random = Random.fromSeed(1);
    for (let round = 0; round < 300; round++) {
      const vocab = 1 + Math.floor(random.nextFloat() * 300);
      const logits = randomLogits(vocab, random);
      const pick = <T>(...of: T[]): T => of[Math.floor(random.nextFloat() * of.length)]!;
      const sampling: Sampling = {
        temperature: pick(0.2, 0.7, 1, 2.5),
        topK: pick(0, 1, 2, 40, 1000),
        topP: pick(1, 0.95, 0.5, 0.1, 0),
        minP: pick(0, 0.05, 0.3, 1),
        repetitionPenalty: pick(1, 1.3, 0.8),
        presencePenalty: pick(0, 0.5, -1),
        frequencyPenalty: pick(0, 0.2),
        logitBias: new Map(pick([], [[0, 5]], [[vocab - 1, -100]]) as [number, number][]),
      };
      const sampler = new Sampler(vocab, undefined, round);
      const anyId = () => Math.floor(random.nextFloat() * vocab);
      const prompt = Array.from({ length: 5 }, anyId);
      const reply = Array.from({ length: 8 }, anyId);
      for (const id of prompt) sampler.accept(id);
      sampler.begin();
      for (const id of reply) sampler.accept(id);

      const expected = definition(logits, sampling, [...prompt, ...reply], reply);
      for (let i = 0; i < 20; i++) {
        const { id, probability } = sampler.choose(logits, sampling);
        expect(expected.has(id), `round ${round}: ${id} should have been cut`).toBe(true);
        expect(probability).toBeCloseTo(expected.get(id)!, 10);
      }
      expect(sampler.choose(logits, { ...sampling, temperature: 0 }).id).toBe(
        definition(logits, { ...sampling, temperature: 0 }, [...prompt, ...reply], reply)
          .keys()
          .next().value,
      );
    }
  });

  it.each([
    ["plain", drawing],
    ["top-k", { ...drawing, topK: 7 }],
    ["top-p", { ...drawing, topP: 0.8 }],
    ["min-p", { ...drawing, minP: 0.1 }],
    ["all of them, warm", { ...drawing, temperature: 1.7, topK: 20, topP: 0.9, minP: 0.02 }],
  ] as [string, Sampling][])("draws as often as the probabilities say: %s", (_, sampling) => {
    const logits = randomLogits(50, Random.fromSeed(3), 1);
    const expected = definition(logits, sampling, [], []);
    const draws = 40_000;
    const counts = frequencies(new Sampler(50, undefined, 11), logits, sampling, draws);
    let chiSquare = 0;
    for (const [id, p] of expected) chiSquare += ((counts.get(id) ?? 0) - draws * p) ** 2 / (draws * p);
    const freedom = expected.size - 1;
    expect([...counts.keys()].every((id) => expected.has(id))).toBe(true);
    expect(chiSquare).toBeLessThan(freedom + 4 * Math.sqrt(2 * freedom)); // four standard deviations
  });

  it("draws the same ids with the same bits of probability as when every token is weighed", () => {
    const random = Random.fromSeed(21);
    const pick = <T>(...of: T[]): T => of[Math.floor(random.nextFloat() * of.length)]!;
    for (let round = 0; round < 150; round++) {
      const vocab = pick(1, 7, 300, 1000);
      const spread = pick(0, 0.5, 4, 12);
      const logits = randomLogits(vocab, random, spread);
      if (pick(true, false)) for (let id = 0; id < vocab; id++) logits[id] = Math.round(logits[id]!); // ties
      const sampling: Sampling = {
        ...greedy,
        temperature: pick(1e-3, 0.2, 0.7, 1, 3),
        topK: pick(0, 0, 1, 40, 5000),
        topP: pick(1, 0.999999, 0.95, 0.5, 0),
        minP: pick(0, 1e-12, 0.05, 1),
        repetitionPenalty: pick(1, 1.3),
        frequencyPenalty: pick(0, 0.2),
        logitBias: new Map(pick([], [[0, 100]], [[vocab - 1, -100]]) as [number, number][]),
      };
      const allowed = pick(
        undefined,
        Uint32Array.from({ length: (vocab + 31) >> 5 }, () => random.nextWord() | 1),
      );
      const drawn = (weighAll: boolean) => {
        const { within } = Candidates.prototype;
        if (weighAll)
          vi.spyOn(Candidates.prototype, "within").mockImplementation(function (this: Candidates, top, temperature) {
            within.call(this, top, temperature, Infinity);
          });
        const sampler = new Sampler(vocab, undefined, round);
        const results = Array.from({ length: 4 }, () => {
          const result = sampler.choose(logits, sampling, allowed);
          sampler.accept(result.id);
          return result;
        });
        vi.restoreAllMocks();
        return { results, state: sampler.state() };
      };
      expect(drawn(false), `round ${round}`).toEqual(drawn(true));
    }
  });

  it("weighs few tokens where the temperature and top-p cut most of them", () => {
    const vocab = 49_152;
    const logits = randomLogits(vocab, Random.fromSeed(4));
    const exponentials = (sampling: Sampling) => {
      const exp = vi.spyOn(Math, "exp");
      new Sampler(vocab, undefined, 1).choose(logits, sampling);
      const { length } = exp.mock.calls;
      vi.restoreAllMocks();
      return length;
    };
    expect(exponentials({ ...drawing, temperature: 0.2, topP: 0.9, repetitionPenalty: 1.05 })).toBeLessThan(200);
    expect(exponentials({ ...drawing, temperature: 0.5, minP: 0.05 })).toBeLessThan(10_000);
    expect(exponentials({ ...drawing, topK: 40 })).toBeLessThan(100);
    expect(exponentials(drawing)).toBeGreaterThanOrEqual(vocab);
  });

  it("goes on from its saved state with the same ids", () => {
    const random = Random.fromSeed(5);
    const logits = Array.from({ length: 60 }, () => randomLogits(200, random));
    const sampling = { ...drawing, topP: 0.95, repetitionPenalty: 1.2, presencePenalty: 0.4, frequencyPenalty: 0.1 };
    const run = (sampler: Sampler, steps: Float32Array[]) =>
      steps.map((row) => {
        const { id } = sampler.choose(row, sampling);
        sampler.accept(id);
        return id;
      });
    const whole = run(new Sampler(200, undefined, 9), logits);
    const first = new Sampler(200, undefined, 9);
    const before = run(first, logits.slice(0, 25));
    const saved = structuredClone(first.state());
    expect([...before, ...run(new Sampler(200, saved), logits.slice(25))]).toEqual(whole);
    // A sampler that forgot its state would differ: the test can tell.
    expect([...before, ...run(new Sampler(200, undefined, 9), logits.slice(25))]).not.toEqual(whole);
  });

  it("seeds anew over a saved state, and keeps what was seen", () => {
    const old = new Sampler(10, undefined, 1);
    old.accept(3);
    const { generator, recent } = new Sampler(10, old.state(), 2).state();
    expect(recent).toEqual([3]);
    expect(generator).toEqual(new Sampler(10, undefined, 2).state().generator);
    expect(new Sampler(10).state().generator).not.toEqual(new Sampler(10).state().generator);
  });

  it("forgets the oldest ids beyond the bound and keeps their order", () => {
    const sampler = new Sampler(5000, undefined, 0);
    for (let id = 0; id < RECENT_TOKENS + 10; id++) sampler.accept(id);
    const { recent } = new Sampler(5000, sampler.state()).state();
    expect(recent).toEqual(Array.from({ length: RECENT_TOKENS }, (_, i) => i + 10));
  });

  it("penalises an id for as long as it is among the recent ones, however often it was", () => {
    const [vocab, random] = [3000, new Random([1, 2, 3, 4])];
    const penal: Sampling = { ...greedy, repetitionPenalty: 3 };
    const logits = new Float32Array(vocab).fill(-1).with(7, 2).with(8, 1);
    const sampler = new Sampler(vocab, undefined, 0);
    // 2 / 3 < 1: while 7 is among the recent ids, 8 is better.
    for (const id of [7, 7, 9]) sampler.accept(id);
    for (let n = 0; n < 3 * RECENT_TOKENS; n++) {
      const { recent } = sampler.state();
      expect(sampler.choose(logits, penal).id).toBe(recent.includes(7) ? 8 : 7);
      const again = n % 500 === 0 ? new Sampler(vocab, sampler.state()) : sampler;
      expect(again.choose(logits, penal)).toEqual(sampler.choose(logits, penal));
      sampler.accept(n % 1400 === 1399 ? 7 : 10 + Math.floor(random.nextFloat() * 2000));
    }
  });

  it.each([
    ["an id beyond the vocabulary", { recent: [10] }],
    ["a negative id", { recent: [-1] }],
    ["too many ids", { recent: new Array(RECENT_TOKENS + 1).fill(0) }],
    ["a count of none", { reply: [[1, 0]] as [number, number][] }],
    [
      "an id twice",
      {
        reply: [
          [1, 1],
          [1, 2],
        ] as [number, number][],
      },
    ],
  ])("refuses a state with %s", (_, broken) => {
    const state = { ...new Sampler(10, undefined, 0).state(), ...broken };
    expect(() => new Sampler(10, state)).toThrow(expect.objectContaining({ code: "state_unreadable" }));
  });
});

describe("mask", () => {
  const logits = randomLogits(100, Random.fromSeed(3));
  const best = new Sampler(100, undefined, 1).choose(logits, greedy).id;
  /** Every third id, without the best. */
  const ids = Array.from({ length: 100 }, (_, id) => id).filter((id) => id % 3 === 0 && id !== best);
  const allowed = new Uint32Array(4);
  for (const id of ids) allowed[id >> 5]! |= 1 << (id & 31);

  it("draws only allowed ids, at their share among themselves, whatever the cuts", () => {
    const flat = new Float32Array(100).fill(-30);
    const counts = frequencies(new Sampler(100, undefined, 4), flat, drawing, 3000, allowed);
    expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual(ids);
    for (const sampling of [
      greedy,
      { ...drawing, topK: 90 },
      { ...drawing, topP: 0.99 },
      { ...drawing, minP: 0.001 },
    ]) {
      const drawn = frequencies(new Sampler(100, undefined, 5), logits, sampling, 200, allowed);
      expect([...drawn.keys()].filter((id) => !ids.includes(id))).toEqual([]);
    }
  });

  it("holds against any bias, and leaves the model's own log probabilities", () => {
    const sampler = new Sampler(100, undefined, 4);
    const before = sampler.logprobs(logits, 0, 3);
    const logitBias = new Map(ids.map((id) => [id, -100]));
    expect(ids).toContain(sampler.choose(logits, { ...greedy, logitBias }, allowed).id);
    expect(sampler.logprobs(logits, 0, 3)).toEqual(before);
  });

  it("is refused when it allows nothing", () => {
    const choose = () => new Sampler(100, undefined, 4).choose(logits, greedy, new Uint32Array(4));
    expect(choose).toThrow(expect.objectContaining({ code: "bug" }));
  });
});

describe("odd input (H8)", () => {
  const sampler = () => new Sampler(1000, undefined, 4);
  const flat = new Float32Array(1000).fill(2.5);

  it("takes the lowest id among equals when greedy", () => {
    expect(sampler().choose(flat, greedy).id).toBe(0);
    expect(new Sampler(4, undefined, 0).choose(Float32Array.of(1, 3, 2, 3), greedy).id).toBe(1);
  });

  it("draws evenly from all-equal logits, and cuts them by id", () => {
    expect(frequencies(sampler(), flat, drawing, 5000).size).toBeGreaterThan(950);
    const kept = frequencies(sampler(), flat, { ...drawing, topP: 0.5 }, 5000);
    expect(Math.max(...kept.keys())).toBe(499);
    expect(Math.max(...frequencies(sampler(), flat, { ...drawing, topK: 3 }, 100).keys())).toBe(2);
  });

  it("is greedy at temperature 1e-30", () => {
    const logits = randomLogits(1000, Random.fromSeed(8));
    const { id, probability } = sampler().choose(logits, { ...drawing, temperature: 1e-30, topP: 0.9, topK: 50 });
    expect(id).toBe(sampler().choose(logits, greedy).id);
    expect(probability).toBe(1);
  });

  it("draws as before when every bias is -100", () => {
    const logits = randomLogits(1000, Random.fromSeed(8));
    const logitBias = new Map(Array.from({ length: 1000 }, (_, id) => [id, -100]));
    expect(sampler().choose(logits, { ...drawing, logitBias }).id).toBe(sampler().choose(logits, drawing).id);
    expect(sampler().choose(flat, { ...greedy, logitBias: new Map([[0, -100]]) }).id).toBe(1);
  });

  it("always keeps one token", () => {
    const logits = randomLogits(1000, Random.fromSeed(8));
    const best = sampler().choose(logits, greedy).id;
    for (const cut of [{ topP: 0 }, { minP: 1 }, { topK: 1 }])
      expect(sampler().choose(logits, { ...drawing, ...cut }).id).toBe(best);
  });

  it("keeps a token where rounding leaves less than top-p asks for", () => {
    const random = Random.fromSeed(12);
    for (let round = 0; round < 300; round++) {
      const logits = randomLogits(300, random, round % 3 === 0 ? 20 : 1);
      const { id, probability } = new Sampler(300, undefined, round).choose(logits, { ...drawing, topP: 1 - 2 ** -53 });
      expect(probability, `round ${round}, id ${id}`).toBeGreaterThan(0);
    }
  });

  it("stands logits as far apart as floats go", () => {
    const logits = Float32Array.of(-3e38, 3e38, 0);
    expect(new Sampler(3, undefined, 0).choose(logits, { ...drawing, temperature: 1e-30, topP: 0.5 })).toEqual({
      id: 1,
      probability: 1,
    });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "names the fault when a logit is %d",
    (bad) => {
      const logits = flat.slice();
      logits[17] = bad;
      const fault = expect.objectContaining({ code: "bug", message: "logits: 1 of 1000 are not finite" });
      expect(() => sampler().choose(logits, greedy)).toThrow(fault);
      expect(() => sampler().choose(logits, drawing)).toThrow(fault);
      expect(() => sampler().logprobs(logits, 0, 5)).toThrow(fault);
    },
  );

  it.each([
    { temperature: -1 },
    { temperature: Number.NaN },
    { topP: 1.5 },
    { minP: -0.1 },
    { topK: -1 },
    { repetitionPenalty: 0 },
  ])("asserts that parameters are in bounds: %j", (bad) =>
    expect(() => sampler().choose(flat, { ...drawing, ...bad })).toThrow(expect.objectContaining({ code: "bug" })),
  );
});

describe("many samplers", () => {
  it("of one vocabulary choose by turns what each chooses alone", () => {
    const random = Random.fromSeed(9);
    const steps = Array.from({ length: 8 }, () => [randomLogits(300, random), randomLogits(300, random)]);
    const settings = [drawing, { ...drawing, topK: 5, topP: 0.9 }];
    const alone = settings.map((sampling, who) => {
      const sampler = new Sampler(300, undefined, who);
      return steps.map((logits) => sampler.choose(logits[who]!, sampling).id);
    });
    const both = settings.map((_, who) => new Sampler(300, undefined, who));
    const byTurns = steps.map((logits) => both.map((sampler, who) => sampler.choose(logits[who]!, settings[who]!).id));
    expect(byTurns).toEqual(steps.map((_, step) => alone.map((ids) => ids[step])));
  });

  it("have one place to work in", () => {
    const logits = randomLogits(100_000, Random.fromSeed(1));
    const before = process.memoryUsage().arrayBuffers;
    const held = Array.from({ length: 50 }, () => new Sampler(logits.length, undefined, 0));
    for (const sampler of held) sampler.choose(logits, drawing);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6); // 2 MB each were 100
  });
});

describe("logprobs", () => {
  it("are the log-softmax of the logits as the model gave them, largest first", () => {
    const logits = randomLogits(500, Random.fromSeed(2));
    const total = logits.reduce((sum, x) => sum + Math.exp(x), 0);
    const sorted = [...logits]
      .map((x, id) => ({ id, logprob: x - Math.log(total) }))
      .sort((a, b) => b.logprob - a.logprob);
    const { logprob, top } = new Sampler(500, undefined, 0).logprobs(logits, 123, 20);
    expect(top.map(({ id }) => id)).toEqual(sorted.slice(0, 20).map(({ id }) => id));
    top.forEach((entry, i) => {
      expect(entry.logprob).toBeCloseTo(sorted[i]!.logprob, 9);
    });
    expect(logprob).toBeCloseTo(logits[123]! - Math.log(total), 9);
  });

  it("stay finite for large logits and break ties by id", () => {
    const { logprob, top } = new Sampler(4, undefined, 0).logprobs(Float32Array.of(9e4, 1e5, 1e5, 0), 1, 2);
    expect(top.map(({ id }) => id)).toEqual([1, 2]);
    expect(logprob).toBeCloseTo(-Math.LN2, 12);
  });
});

it("chooses the same in memory that it is lent, whatever stood there and whichever it is", () => {
  const vocab = 1000;
  const logits = Float32Array.from({ length: vocab }, (_, id) => Math.sin(id * 7) * 6);
  const sampling = { ...greedy, temperature: 0.9, topP: 0.95, topK: 50, repetitionPenalty: 1.1 };
  const memories = [new ArrayBuffer(64 + 16 * vocab), new ArrayBuffer(128 + 16 * vocab)];
  let asked = 0;
  const lend = (bytes: number) => {
    const buffer = memories[asked++ % 2]!;
    new Uint8Array(buffer).fill(0xff);
    return bytes === 16 * vocab ? { buffer, at: 64 } : undefined;
  };
  const [own, lent] = [new Sampler(vocab, undefined, 5), new Sampler(vocab, undefined, 5, lend)];
  for (let n = 0; n < 100; n++) {
    const { id, probability } = own.choose(logits, sampling);
    expect(lent.choose(logits, sampling)).toEqual({ id, probability });
    for (const sampler of [own, lent]) sampler.accept(id);
  }
  expect(asked, "once for each choice").toBe(100);
});
