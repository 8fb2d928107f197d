/**
 * rivulet score: feeds ids and reports their likelihood; with --split the state goes through bytes into a new engine.
 *
 * A long run is reported with --progress and kept with --checkpoint: killed at any moment, the same
 * command goes on to the same result.
 */
import { closeSync, fsyncSync, openSync, readFileSync, statSync, truncateSync } from "node:fs";
import type { Command } from "commander";
import { loadModel } from "../backends/load-model.ts";
import { check, Failure } from "../core/failure.ts";
import { slices, yieldToEvents } from "../dialogue/reply.ts";
import { Sampler } from "../sampling/sampler.ts";
import { decodeState } from "../state/codec.ts";
import { encodeSequence } from "../state/encode-sequence.ts";
import { folderSource } from "../weights/folder-source.ts";
import { integer } from "./arguments.ts";
import { compiledKernels } from "./kernels.ts";
import { idsDigest, readCheckpoint, type Scored, writeAll, writeCheckpoint } from "./score-checkpoint.ts";

export function register(program: Command): void {
  program
    .command("score")
    .description("feed token ids and print their likelihood as one JSON line (nll: mean nats per predicted token)")
    .argument("<pack>", "folder of the pack")
    .requiredOption("--tokens <file>", "JSON array of token ids")
    .option("--split <positions>", "after these many tokens (i,j,…) the state goes to bytes and back into a new engine")
    .option("--logits <file>", "write T×V little-endian float32")
    .option("--checkpoint <file>", "save the run here now and then; when the file is there, go on from it")
    .option("--progress", "report on stderr, one JSON line each time")
    .option("--every <n>", "tokens between two checkpoints or reports", integer(1), 10_000)
    .action(score);
}

interface Options {
  tokens: string;
  split?: string;
  logits?: string;
  checkpoint?: string;
  progress?: boolean;
  every: number;
}

async function score(pack: string, options: Options): Promise<void> {
  const ids = readTokens(options.tokens);
  const splits = readSplits(options.split, ids.length);
  const kernels = compiledKernels();
  const open = () => loadModel(folderSource(pack), kernels);
  let { backend, fingerprint } = await open();
  const V = backend.vocab;
  const unknown = ids.findIndex((id) => id >= V);
  check(
    unknown < 0,
    "request_invalid",
    () => `--tokens: [${unknown}]: expected an id below ${V}, got ${ids[unknown]}`,
    "tokens",
  );
  const sampler = new Sampler(V).state();
  const saved = options.checkpoint === undefined ? undefined : readCheckpoint(options.checkpoint, idsDigest(ids));
  const run: Scored = { position: saved?.position ?? 0, nats: saved?.nats ?? 0, seconds: saved?.seconds ?? 0 };
  let sequence = await backend.open(saved && decodeState(saved.state, fingerprint));
  const save = () => encodeSequence(sequence, { fingerprint, pending: [], sampler });
  const keep = async () => {
    if (options.checkpoint === undefined) return;
    writeCheckpoint(options.checkpoint, idsDigest(ids), { ...run, state: await save() });
  };
  const interrupt = interruption(options.checkpoint !== undefined);
  const out = openLogits(options.logits, 4 * V * run.position);
  let began = performance.now();
  const clock = () => {
    run.seconds += (performance.now() - began) / 1000;
    began = performance.now();
  };
  try {
    for (const [start, end] of pieces(splits, run.position, ids.length)) {
      if (splits.includes(start)) {
        const bytes = await save();
        ({ backend, fingerprint } = await open());
        sequence = await backend.open(decodeState(bytes, fingerprint));
      }
      for (const { slice, done } of slices(ids.slice(start, end), backend.sliceTokens)) {
        const logits = await sequence.forward(slice, "all");
        if (out !== undefined) writeAll(out, new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength));
        const first = start + done - slice.length;
        for (let t = 0; t < slice.length; t++) {
          const next = ids[first + t + 1];
          if (next !== undefined) run.nats += negativeLogLikelihood(logits.subarray(t * V, (t + 1) * V), next);
        }
        run.position = start + done;
        const due = Math.floor(run.position / options.every) > Math.floor(first / options.every);
        if (due || run.position === ids.length) {
          clock();
          if (out !== undefined) fsyncSync(out);
          await keep();
          if (options.progress) report(run, ids.length, backend.stateBytes(run.position));
        }
        if (options.checkpoint !== undefined) await yieldToEvents();
        if (!interrupt.aborted) continue;
        clock();
        await keep();
        interrupt.throwIfAborted();
      }
    }
  } finally {
    if (out !== undefined) closeSync(out);
  }
  const nll = run.nats / Math.max(1, ids.length - 1);
  const line = { tokens: ids.length, nll, vocab: V, state_bytes: (await save()).length };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Where a signal asks a run that can go on later to stop; other runs just end. */
function interruption(resumable: boolean): AbortSignal {
  const controller = new AbortController();
  if (resumable) for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

function report({ position, nats, seconds }: Scored, total: number, stateBytes: number): void {
  const perSecond = position / Math.max(seconds, 1e-3);
  const line = {
    tokens: position,
    of: total,
    nll: nats / Math.max(1, position - 1),
    seconds: Math.round(seconds * 10) / 10,
    tokens_per_s: Math.round(perSecond * 10) / 10,
    seconds_left: Math.round((total - position) / perSecond),
    state_bytes: stateBytes,
    rss_bytes: process.memoryUsage.rss(),
  };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

/** The file of logits, cut to what the checkpoint covers. */
function openLogits(path: string | undefined, bytes: number): number | undefined {
  if (path === undefined) return undefined;
  if (bytes === 0) return openSync(path, "w");
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const message = () => `--logits ${path}: expected the ${bytes} bytes that the checkpoint covers, got ${size}`;
  check(size >= bytes, "request_invalid", message, "logits");
  truncateSync(path, bytes);
  return openSync(path, "a");
}

/** −log softmax(logits)[id], in f64. */
function negativeLogLikelihood(logits: Float32Array, id: number): number {
  // Indexed: half again as fast as an iterator, and this is a good part of a scored token's time.
  let max = -Infinity;
  for (let i = 0; i < logits.length; i++) if (logits[i]! > max) max = logits[i]!;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - max);
  return Math.log(sum) + max - logits[id]!;
}

function readTokens(file: string): number[] {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new Failure("request_invalid", `--tokens ${file}: ${(cause as Error).message}`, { param: "tokens", cause });
  }
  const isId = (id: unknown) => Number.isSafeInteger(id) && (id as number) >= 0;
  const sound = Array.isArray(value) && value.length > 0 && value.every(isId);
  check(sound, "request_invalid", () => `--tokens ${file}: expected a non-empty JSON array of token ids`, "tokens");
  return value as number[];
}

function readSplits(text: string | undefined, T: number): number[] {
  if (text === undefined) return [];
  const positions = text.split(",").map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : NaN));
  const sound = positions.every((at) => at > 0 && at < T);
  check(sound, "request_invalid", () => `--split: expected positions between 1 and ${T - 1}, got ${text}`, "split");
  return [...new Set(positions)].sort((a, b) => a - b);
}

/** What is left from `from` on, cut at the splits. */
function pieces(splits: number[], from: number, T: number): (readonly [number, number])[] {
  const starts = [from, ...splits.filter((at) => at > from)];
  return starts.map((start, i) => [start, starts[i + 1] ?? T] as const);
}
