/**
 * rivulet bench: prefill and decode speed at several depths, state size, save and load time, peak memory; one thread.
 */
import type { Command } from "commander";
import type { Sequence } from "../backends/backend.ts";
import type { Loaded } from "../backends/load-model.ts";
import { loadModel } from "../backends/load-model.ts";
import { check } from "../core/failure.ts";
import { slices } from "../dialogue/reply.ts";
import { Sampler } from "../sampling/sampler.ts";
import { decodeState } from "../state/codec.ts";
import { encodeSequence } from "../state/encode-sequence.ts";
import { folderSource } from "../weights/folder-source.ts";
import { compiledKernels } from "./kernels.ts";
import { packFacts } from "./pack-facts.ts";

const DECODE_TOKENS = 48;
const PREFILL_TOKENS = 256;
/** Multiplications by weights, an hour or so of one core: a depth is computed, not skipped. */
const WORK_MAX = 1e14;
/** What a token costs at least, of the smallest model too. */
const TOKEN_WORK = 1e7;

interface Row {
  depth: number;
  prefill_tokens_per_s: number;
  decode_tokens_per_s: number;
  state_bytes: number;
  save_ms: number;
  load_ms: number;
}

export function register(program: Command): void {
  program
    .command("bench")
    .description("measure prefill, decode, state and memory of a pack on one thread")
    .argument("<pack>", "folder of the pack")
    .option("--depths <list>", "tokens of context to measure at", "0,512,2048")
    .option("--json", "print one JSON line")
    .action(bench);
}

async function bench(pack: string, options: { depths: string; json?: boolean }): Promise<void> {
  const depths = options.depths.split(",").map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : NaN));
  const sound = depths.every((depth, i) => depth >= (depths[i - 1] ?? 0));
  check(
    sound,
    "request_invalid",
    () => `--depths: expected ascending numbers of tokens, got ${options.depths}`,
    "depths",
  );
  const started = performance.now();
  const model = await loadModel(folderSource(pack), compiledKernels());
  const loadMs = round(performance.now() - started);
  checkDepth(model, depths.at(-1)!);
  const sequence = await model.backend.open();
  const rows: Row[] = [];
  await feed(model, await model.backend.open(), 64); // compile before timing
  for (const depth of depths) {
    const already = sequence.position;
    if (depth > already) await feed(model, sequence, depth - already);
    rows.push(await measure(model, sequence, depth));
  }
  const peak = { wasm_bytes: model.backend.memoryBytes, rss_bytes: process.resourceUsage().maxRSS * 1024 };
  const result = { model: model.manifest.name, dtype: model.manifest.dtype, pack_load_ms: loadMs, depths: rows, peak };
  if (options.json) return void process.stdout.write(`${JSON.stringify(result)}\n`);
  process.stdout.write(`${result.model} (${result.dtype}), loaded in ${loadMs} ms\n`);
  process.stdout.write("  depth  prefill tok/s  decode tok/s   state bytes  save ms  load ms\n");
  for (const row of rows) {
    const cells = [row.prefill_tokens_per_s, row.decode_tokens_per_s, row.state_bytes, row.save_ms, row.load_ms];
    process.stdout.write(
      `${String(row.depth).padStart(7)}${cells.map((cell, i) => String(cell).padStart([15, 14, 14, 9, 9][i]!)).join("")}\n`,
    );
  }
  process.stdout.write(
    `peak: ${megabytes(peak.wasm_bytes)} MB WebAssembly memory, ${megabytes(peak.rss_bytes)} MB process\n`,
  );
}

/** The model can be at this depth, after a time that somebody would wait for. */
function checkDepth({ backend, manifest }: Loaded, depth: number): void {
  const affordable = Math.floor(WORK_MAX / Math.max(TOKEN_WORK, packFacts(manifest).parameters));
  const refuse = (expected: string) => () => `--depths: expected ${expected}, got ${depth}`;
  const { contextLength } = backend;
  const fits = refuse(`${PREFILL_TOKENS} tokens less than the model's context of ${contextLength} at most`);
  // A model with less context than that is still measured at its beginning.
  check(depth === 0 || depth + PREFILL_TOKENS <= contextLength, "request_invalid", fits, "depths");
  const ends = refuse(`at most ${affordable} tokens, which are an hour's work or so`);
  check(depth <= affordable, "request_invalid", ends, "depths");
}

/** Prefill and decode from a copy of the state, so that the depth stays what it says. */
async function measure(model: Loaded, sequence: Sequence, depth: number): Promise<Row> {
  const sampler = new Sampler(model.backend.vocab).state();
  const { fingerprint } = model;
  const saved = performance.now();
  const bytes = await encodeSequence(sequence, { fingerprint, pending: [], sampler });
  const loaded = performance.now();
  const copy = await model.backend.open(decodeState(bytes, fingerprint));
  const ready = performance.now();
  await feed(model, copy, PREFILL_TOKENS);
  const prefilled = performance.now();
  copy.release();
  const again = await model.backend.open(decodeState(bytes, fingerprint));
  const decoding = performance.now();
  for (let i = 0; i < DECODE_TOKENS; i++) await again.forward(Uint32Array.of(idAt(model, i)), "last");
  const decoded = performance.now();
  again.release();
  return {
    depth,
    prefill_tokens_per_s: round((1000 * PREFILL_TOKENS) / (prefilled - ready)),
    decode_tokens_per_s: round((1000 * DECODE_TOKENS) / (decoded - decoding)),
    state_bytes: bytes.length,
    save_ms: round(loaded - saved),
    load_ms: round(ready - loaded),
  };
}

async function feed(model: Loaded, sequence: Sequence, tokens: number): Promise<void> {
  const ids = Array.from({ length: tokens }, (_, i) => idAt(model, i));
  for (const { slice, last } of slices(ids, model.backend.sliceTokens))
    await sequence.forward(slice, last ? "last" : "none");
}

/** Varied ids without text: speed does not depend on which. */
const idAt = ({ backend }: Loaded, i: number) => (i * 7919 + 13) % backend.vocab;
const round = (value: number) => Math.round(value * 10) / 10;
const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;
