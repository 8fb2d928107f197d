/**
 * What every backend must do, on goldens that transformers computed.
 *
 * A backend that cannot do one of these lists its title with the reason.
 */
import { afterAll, describe, expect, it } from "vitest";
import type { Backend, Sequence, StateTensor } from "../../src/backends/backend.ts";
import type { Loaded, LoadOptions } from "../../src/backends/load-model.ts";
import { Failure } from "../../src/core/failure.ts";
import { decodeState } from "../../src/state/codec.ts";
import { expectClose } from "../support/expect-close.ts";
import { readGolden } from "../support/golden.ts";
import { deviation, feed, toBytes } from "./feed.ts";

export interface Subject {
  name: string;
  /** Cases of test/golden that it runs at f32. */
  cases: readonly string[];
  /** A fresh engine. */
  load(name: string, options?: LoadOptions): Promise<Loaded>;
  /** Title of a test → why this backend cannot. */
  cannot?: Readonly<Record<string, string>>;
}

/** Of the logits' standard deviation. transformers' own f32 rounding is below 2e-5 of it. */
const TOLERANCE = 1e-3;

/** The Failure that `run` ends in. */
export async function failure(run: () => unknown): Promise<Failure> {
  const thrown = await Promise.resolve()
    .then(run)
    .catch((error: unknown) => error);
  if (thrown instanceof Failure) return thrown;
  throw new Error(`expected a Failure, got ${String(thrown)}`);
}

export function describeBackend({ name, cases, load, cannot = {} }: Subject): void {
  const test = (title: string, run: () => Promise<void>) =>
    cannot[title] === undefined ? it(title, run) : it.skip(`${title} (cannot: ${cannot[title]})`, run);

  describe.each([...cases])(`${name}: %s`, (golden) => {
    const { tokens, logits, V } = readGolden(golden);
    const T = tokens.length;
    const half = Math.ceil(T / 2);
    const abs = TOLERANCE * deviation(logits);
    const rest = (at: number) => logits.subarray(at * V);
    const open = () => load(golden);
    let engine: Promise<Loaded> | undefined;
    /** For tests that open sequences of their own and count no memory. */
    const shared = () => (engine ??= open());
    afterAll(() => {
      // Its memory can be collected.
      engine = undefined;
    });
    /** A sequence that holds the first `at` tokens. */
    const fedTo = async (backend: Backend, at: number) => {
      const sequence = await backend.open();
      await feed(sequence, tokens.subarray(0, at), backend.sliceTokens);
      return sequence;
    };

    test("matches transformers at every position, in slices and token by token", async () => {
      const { backend } = await shared();
      expect(backend.vocab).toBe(V);
      expectClose(await feed(await backend.open(), tokens, backend.sliceTokens), logits, { abs });
      expectClose(await feed(await backend.open(), tokens, 1), logits, { abs });
    });

    test("is the same when its state went through bytes into a new engine", async () => {
      const [first, { backend, fingerprint }] = [await shared(), await open()];
      for (const at of new Set([1, 2, half, T - 1])) {
        const bytes = await toBytes(await fedTo(first.backend, at), first.fingerprint);
        const resumed = await backend.open(decodeState(bytes, fingerprint));
        expect(resumed.position).toBe(at);
        expectClose(await feed(resumed, tokens.subarray(at), backend.sliceTokens), rest(at), { abs }, `from ${at}`);
      }
    });

    test("needs its state: a spoiled one fails the comparison above", async () => {
      const { backend } = await shared();
      const tensors = await (await fedTo(backend, half)).save();
      for (const { data } of tensors) data.fill(0);
      const amnesiac = await backend.open({ position: half, tensors });
      const got = await feed(amnesiac, tokens.subarray(half), backend.sliceTokens);
      expect(() => expectClose(got, rest(half), { abs })).toThrow();
    });

    test("gives the last row, or none, when only that is asked for", async () => {
      const { backend } = await shared();
      const slice = tokens.subarray(0, Math.min(T, backend.sliceTokens));
      const sequence = await backend.open();
      expect((await sequence.forward(slice, "none")).length).toBe(0);
      expect(sequence.position).toBe(slice.length);
      const last = Float32Array.from(await (await backend.open()).forward(slice, "last"));
      expectClose(last, logits.subarray((slice.length - 1) * V, slice.length * V), { abs });
    });

    test("saves a copy, as long as it says, and goes on", async () => {
      const { backend } = await shared();
      const sequence = await fedTo(backend, half);
      const saved = await sequence.save();
      const before = saved.map(({ data }) => Uint8Array.from(data));
      expect(saved.reduce((n, { data }) => n + data.length, 0)).toBe(backend.stateBytes(half));
      expectClose(await feed(sequence, tokens.subarray(half), backend.sliceTokens), rest(half), { abs });
      expect(saved.map(({ data }) => Uint8Array.from(data))).toEqual(before);
      const last = await backend.open({ position: half, tensors: saved });
      const again = await last.save();
      last.release();
      expect(again.map(({ data }) => Uint8Array.from(data))).toEqual(before);
    });

    test("keeps conversations apart, also when their calls overlap", async () => {
      const { backend } = await shared();
      const mirrored = tokens.toReversed();
      const alone = await feed(await backend.open(), mirrored, 1);
      const [a, b] = [await backend.open(), await backend.open()];
      const results = await Promise.all([feed(a, tokens, 1), feed(b, mirrored, 1)]);
      expectClose(results[0], logits, { abs });
      expectClose(results[1], alone, { abs: 0 });
    });

    test("release frees, wipes nothing of others, and may come twice", async () => {
      const { backend } = await open();
      const kept = await fedTo(backend, half);
      (await fedTo(backend, half)).release();
      const held = backend.memoryBytes;
      for (let n = 0; n < 20; n++) {
        const sequence = await fedTo(backend, half);
        sequence.release();
        sequence.release();
        expect((await failure(() => sequence.forward(tokens.subarray(0, 1), "last"))).code).toBe("bug");
        expect((await failure(() => sequence.save())).code).toBe("bug");
      }
      expect(backend.memoryBytes).toBe(held);
      expectClose(await feed(kept, tokens.subarray(half), backend.sliceTokens), rest(half), { abs });
    });

    test("refuses a state that does not fit, and names the tensor", async () => {
      const { backend } = await shared();
      const good = await (await fedTo(backend, half)).save();
      const [first, ...others] = good as [StateTensor, ...StateTensor[]];
      const bad: [damage: string, position: number, tensors: StateTensor[], named: string][] = [
        ["one missing", half, others, `expected ${good.length} tensors`],
        ["one too many", half, [...good, { ...first, name: "other" }], `expected ${good.length} tensors`],
        ["one twice", half, [first, first, ...others.slice(1)], good.length > 1 ? "tensors" : first.name],
        ["another name", half, [{ ...first, name: "other" }, ...others], first.name],
        ["another type", half, [{ ...first, dtype: "int8" }, ...others], first.name],
        ["another shape", half, [{ ...first, shape: [7] }, ...others], first.name],
        ["too short", half, [{ ...first, data: first.data.subarray(4) }, ...others], first.name],
        ["no position", -1, good, "position"],
        ["half a position", 0.5, good, "position"],
      ];
      for (const [damage, position, tensors, named] of bad) {
        const { code, message } = await failure(() => backend.open({ position, tensors }));
        expect([code, message], damage).toEqual(["state_unreadable", expect.stringContaining(named)]);
      }
      const resumed = await backend.open({ position: half, tensors: good });
      expectClose(await feed(resumed, tokens.subarray(half), backend.sliceTokens), rest(half), { abs });
    });

    test("refuses ids outside the vocabulary and slices that it did not ask for; the state stays", async () => {
      const { backend } = await shared();
      const sequence = await fedTo(backend, half);
      const { code, message, param } = await failure(() => sequence.forward(Uint32Array.of(0, V), "last"));
      expect([code, param]).toEqual(["request_invalid", "tokens"]);
      expect(message).toContain(`token id ${V}`);
      for (const length of [0, backend.sliceTokens + 1])
        expect((await failure(() => sequence.forward(new Uint32Array(length), "last"))).code).toBe("bug");
      expect(sequence.position).toBe(half);
      expectClose(await feed(sequence, tokens.subarray(half), backend.sliceTokens), rest(half), { abs });
    });

    test("stays below the memory it is allowed", async () => {
      const unbounded = (await open()).backend;
      const bytes = { position: half, tensors: await (await fedTo(unbounded, half)).save() };
      const maxBytes = unbounded.memoryBytes + 1_000_000;
      const { backend } = await load(golden, { maxBytes });
      const live: Sequence[] = [];
      const fill = async () => {
        for (let n = 0; n < 2000; n++) live.push(await backend.open(bytes));
      };
      expect((await failure(fill)).code).toBe("memory_exceeded");
      expect(backend.memoryBytes).toBeLessThanOrEqual(maxBytes);
      for (const sequence of live.splice(0, Math.ceil(live.length / 2))) sequence.release();
      expectClose(await feed(await backend.open(bytes), tokens.subarray(half), 1), rest(half), { abs });
    });

    test("refuses tokens beyond the context, the state stays", async () => {
      const { backend } = await shared();
      const sequence = await backend.open();
      const L = backend.sliceTokens;
      const room = backend.contextLength % L || L;
      while (sequence.position < backend.contextLength - room) await sequence.forward(new Uint32Array(L), "none");
      const { position } = sequence;
      const { code } = await failure(async () => {
        await sequence.forward(new Uint32Array(room), "none");
        await sequence.forward(Uint32Array.of(0), "none");
      });
      expect([code, sequence.position]).toEqual(["context_length_exceeded", position + room]);
    });
  });
}
