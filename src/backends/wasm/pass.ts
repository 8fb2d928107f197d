/**
 * pass: the forward pass over new tokens of one conversation, or of several that read the weights together.
 *
 * x ← embedding; for each block x ← x + layer(norm(x)); logits = head · norm(x). Layers of one block read the same
 * normed stream. A row has the same bits whoever shares the pass: matrices, norms and MLPs see rows alone, and what
 * keeps state runs conversation by conversation.
 */
import { check } from "../../core/failure.ts";
import { pad8 } from "../../core/sizes.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import type { Run, Step } from "../../layers/layer.ts";
import type { Model } from "../../models/architecture.ts";
import type { Rows, Want } from "../backend.ts";
import type { Plan } from "./plan.ts";

/** What a pass needs of the engine that it runs in. */
export interface PassEngine {
  readonly model: Model;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly plan: Plan;
  /** Most tokens of one pass. */
  readonly L: number;
  /** Room for the logits of so many rows. */
  logitsFor(rows: number): Float32Array;
}

/** What a pass needs of each conversation in it. */
interface PassSequence {
  /** An open guess is this conversation's. */
  readonly guessing: boolean;
  readonly lost: Uint32Array;
  ready(ids: Uint32Array): void;
  rewind(): Uint32Array;
  settle(): void;
  reserve(at: number, T: number, again?: number): Run;
  advance(T: number): void;
}

/** One stage's share of a conversation's step: ids, or the rows of the stage before. */
interface SequenceStep {
  sequence: PassSequence;
  input: Uint32Array | Rows;
  want: Want;
  /** Rows take state one after another, each as if it came alone. */
  oneByOne?: boolean;
  /** Ids whose fixed state a wrong guess has lost: they come again before the input, without logits. */
  again?: Uint32Array;
}

/** Per turn the rows for the next stage, or at last the logits. On a failure no state has changed. */
export function pass(engine: PassEngine, turns: readonly SequenceStep[]): (Rows | Float32Array)[] {
  const { sequence, input } = turns[0]!;
  const alone = turns.length === 1 && sequence.guessing && !("stream" in input);
  if (!alone || sequence.lost.length + input.length > engine.L) {
    for (const { sequence } of turns) sequence.settle();
    return step(engine, turns);
  }
  sequence.ready(input);
  return step(engine, [{ ...turns[0]!, again: sequence.rewind() }]);
}

/** As `pass`, once guesses are settled. */
export function step(engine: PassEngine, turns: readonly SequenceStep[]): (Rows | Float32Array)[] {
  const { model, L } = engine;
  const runs: Run[] = [];
  let T = 0;
  for (const { sequence, input, again } of turns) {
    const length = ("stream" in input ? input.stream.length / model.D : input.length) + (again?.length ?? 0);
    check(length >= 1 && T + length <= L, "bug", () => `forward takes 1…${L} ids, got ${T + length}`);
    if (!("stream" in input)) checkIds(input, model.V);
    runs.push(sequence.reserve(T, length, again?.length));
    T += length;
  }
  for (const [i, { input, again }] of turns.entries())
    enter(engine, again?.length && !("stream" in input) ? Uint32Array.of(...again, ...input) : input, runs[i]!);
  blocks(engine, { T, runs: runs.flatMap((run, i) => parts(run, turns[i]!)) }, turns);
  turns.forEach(({ sequence }, i) => {
    sequence.advance(runs[i]!.T - (turns[i]!.again?.length ?? 0));
  });
  if (!model.exit) return runs.map((run) => rowsOf(engine, run));
  return logits(engine, turns, runs);
}

/** Rows that take state one by one are runs of their own. */
function parts(run: Run, { oneByOne, again }: SequenceStep): Run[] {
  const from = oneByOne ? run.T : (again?.length ?? 0);
  const part = (t: number, T: number) => ({ ...run, at: run.at + t, T, S: run.S + t });
  const singles = Array.from({ length: from }, (_, t) => part(t, 1));
  return from < run.T ? [...singles, part(from, run.T - from)] : singles;
}

function enter({ plan, model, kernels, memory }: PassEngine, input: Uint32Array | Rows, { at, T }: Run): void {
  const { D, scale, entry } = model;
  const stream = plan.stream + 4 * at * D;
  const embedded = plan.embedded === undefined ? undefined : plan.embedded + 4 * at * D;
  check("stream" in input !== entry, "bug", () => `a ${entry ? "first" : "later"} stage got what it does not read`);
  if ("stream" in input) {
    new Float32Array(memory.buffer, stream, T * D).set(input.stream);
    if (embedded === undefined) return;
    check(input.embedded?.length === T * D, "bug", () => "the rows come without the embedding");
    new Float32Array(memory.buffer, embedded, T * D).set(input.embedded!);
    return;
  }
  new Uint32Array(memory.buffer, plan.ids, T).set(input);
  plan.embed!(stream, T);
  if (scale?.embedding) kernels.scale(stream, T * D, scale.embedding);
  if (embedded !== undefined) new Uint8Array(memory.buffer).copyWithin(embedded, stream, stream + 4 * T * D);
}

/** After the last block with a state, rows whose logits nobody asked for are left out. */
function blocks(engine: PassEngine, step: Step, turns: readonly SequenceStep[]): void {
  const { plan, model } = engine;
  const unasked = turns.length > 1 || !model.exit ? 0 : { all: 0, last: step.T - 1, none: step.T }[turns[0]!.want];
  plan.blocks.forEach((block, i) => {
    const first = i < plan.stateless ? 0 : unasked;
    if (first < step.T) through(engine, block, first === 0 ? step : { T: step.T - first, runs: [] }, first);
  });
}

function through({ plan, model, kernels }: PassEngine, block: Plan["blocks"][0], step: Step, first: number) {
  const { D, epsilon, scale } = model;
  const { T } = step;
  const stream = plan.stream + 4 * first * D;
  const stride = pad8(D);
  const [rows, width] = stride === D ? [1, T * D] : [T, D];
  if (block.norm !== undefined) kernels.rmsNorm(plan.normed, stream, block.norm, T, D, epsilon);
  for (const forward of block.forwards) {
    forward(step, block.norm === undefined ? stream : plan.normed, plan.mixed);
    if (scale?.residual) kernels.scale(plan.mixed, T * stride, scale.residual);
    for (let t = 0; t < rows; t++) kernels.add(stream + 4 * t * width, plan.mixed + 4 * t * stride, width);
  }
}

function rowsOf({ plan, model, memory }: PassEngine, { at, T }: Run): Rows {
  const copy = (from: number) => new Float32Array(memory.buffer, from + 4 * at * model.D, T * model.D).slice();
  return { stream: copy(plan.stream), ...(plan.embedded === undefined ? {} : { embedded: copy(plan.embedded) }) };
}

/** The head is a fifth of the work: it runs only for the rows that are asked for, a few at a time. */
function logits(engine: PassEngine, turns: readonly SequenceStep[], runs: readonly Run[]): Float32Array[] {
  const { plan, model, kernels, memory } = engine;
  const { D, V } = model;
  const { norm, head, logits: at, rows: most } = plan.exit!;
  const outs: Float32Array[] = [];
  const asked: { row: number; to: Float32Array }[] = [];
  for (const [i, run] of runs.entries()) {
    const count = { all: run.T - (turns[i]!.again?.length ?? 0), last: 1, none: 0 }[turns[i]!.want];
    const out = engine.logitsFor(count);
    outs.push(out);
    for (let n = 0; n < count; n++)
      asked.push({ row: run.at + run.T - count + n, to: out.subarray(n * V, (n + 1) * V) });
  }
  for (let i = 0; i < asked.length; i += most) {
    const some = asked.slice(i, i + most);
    some.forEach(({ row }, n) => {
      kernels.rmsNorm(plan.normed + 4 * n * D, plan.stream + 4 * row * D, norm, 1, D, model.epsilon);
    });
    head.apply(at, plan.normed, D, some.length);
    if (model.scale?.logits) kernels.scale(at, some.length * pad8(V), model.scale.logits);
    some.forEach(({ to }, n) => {
      to.set(new Float32Array(memory.buffer, at + 4 * n * pad8(V), V));
    });
  }
  return outs;
}

/** Fails with `request_invalid`. */
export function checkIds(ids: Uint32Array, V: number): void {
  const unknown = ids.find((id) => id >= V);
  const message = () => `token id ${unknown} is outside the vocabulary of ${V}`;
  check(unknown === undefined, "request_invalid", message, "tokens");
}
