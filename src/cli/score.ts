/** rivulet score: feeds ids and reports their likelihood; with --split the state goes through bytes into a new engine. */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Command } from "commander";
import { loadModel } from "../backends/load-model.ts";
import { check, Failure } from "../core/failure.ts";
import { slices } from "../dialogue/reply.ts";
import { Sampler } from "../engine/sampler.ts";
import { decodeState, encodeState } from "../state/codec.ts";
import { folderSource } from "../weights/folder-source.ts";
import { compiledKernels } from "./kernels.ts";

export function register(program: Command): void {
  program
    .command("score")
    .description("feed token ids and print their likelihood as one JSON line (nll: mean nats per predicted token)")
    .argument("<pack>", "folder of the pack")
    .requiredOption("--tokens <file>", "JSON array of token ids")
    .option("--split <positions>", "after these many tokens (i,j,…) the state goes to bytes and back into a new engine")
    .option("--logits <file>", "write T×V little-endian float32")
    .action(score);
}

async function score(pack: string, options: { tokens: string; split?: string; logits?: string }): Promise<void> {
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
  let sequence = backend.open();
  const save = () =>
    encodeState({ fingerprint, position: sequence.position, pending: [], sampler, tensors: sequence.save("view") });

  const out = options.logits === undefined ? undefined : openSync(options.logits, "w");
  let nll = 0;
  try {
    for (const [start, end] of pieces(splits, ids.length)) {
      if (start > 0) {
        const bytes = save();
        ({ backend, fingerprint } = await open());
        sequence = backend.open(decodeState(bytes, fingerprint));
      }
      for (const { slice, done } of slices(ids.slice(start, end), backend.sliceTokens)) {
        const logits = await sequence.forward(slice, "all");
        if (out !== undefined) writeAll(out, new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength));
        const first = start + done - slice.length;
        for (let t = 0; t < slice.length; t++) {
          const next = ids[first + t + 1];
          if (next !== undefined) nll += negativeLogLikelihood(logits.subarray(t * V, (t + 1) * V), next);
        }
      }
    }
  } finally {
    if (out !== undefined) closeSync(out);
  }
  const line = { tokens: ids.length, nll: nll / Math.max(1, ids.length - 1), vocab: V, state_bytes: save().length };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** −log softmax(logits)[id], in f64. */
function negativeLogLikelihood(logits: Float32Array, id: number): number {
  let max = -Infinity;
  for (const logit of logits) if (logit > max) max = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - max);
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

const pieces = (splits: number[], T: number) => [0, ...splits].map((start, i) => [start, splits[i] ?? T] as const);

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
