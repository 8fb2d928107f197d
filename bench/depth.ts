/**
 * What depth costs: decode at growing positions, and resuming against reading everything again;
 * hybrid and transformer of one size.
 *
 *     node bench/depth.ts [--deepest 32768]
 *
 * Positions up to `--deepest` are reached by prefilling; for the ones beyond, the deepest real state is
 * opened again under that position.
 */

import { commandLine } from "../scripts/command-line.ts";
import type { Saved, Sequence } from "../src/backends/backend.ts";
import type { Loaded } from "../src/backends/load-model.ts";
import { Failure } from "../src/core/failure.ts";
import { slices } from "../src/dialogue/reply.ts";
import { Sampler } from "../src/sampling/sampler.ts";
import { decodeState } from "../src/state/codec.ts";
import { encodeSequence } from "../src/state/encode-sequence.ts";
import { cpuMs, median } from "./cpu.ts";
import { hybridPack, open } from "./models.ts";
import { idAt } from "./peers/protocol.ts";
import { prepareWeights } from "./peers/weights.ts";
import { figure, machine, table, writeSection } from "./section.ts";

const { values } = commandLine({ deepest: { type: "string", default: "32768" } });
const deepest = Number(values.deepest);
const DEPTHS = [1024, 2048, 8192, 32_768, 131_072, 1_048_576];
const ISOLATE_BYTES = 112 * 1024 * 1024; // what the Worker gives its engine
const ROUNDS = 24;
const STEP_TOKENS = 16;

interface Point {
  depth: number;
  bytes: Uint8Array;
  /** CPU ms of reading everything from the start; undefined where the position was set. */
  prefillMs: number | undefined;
}

async function points({ backend, fingerprint }: Loaded): Promise<{ points: Point[]; full: number | undefined }> {
  const sequence = await backend.open();
  const encode = () =>
    encodeSequence(sequence, { fingerprint, pending: [], sampler: new Sampler(backend.vocab).state() });
  const found: Point[] = [];
  let prefillMs = 0;
  for (const depth of DEPTHS) {
    if (depth > deepest) {
      found.push({ depth, bytes: found.at(-1)!.bytes, prefillMs: undefined });
      continue;
    }
    try {
      prefillMs += await cpuMs(() => feed(backend, sequence, depth));
    } catch (thrown) {
      if (!(thrown instanceof Failure) || thrown.code !== "memory_exceeded") throw thrown;
      const full = sequence.position;
      sequence.release();
      return { points: found, full };
    }
    found.push({ depth, bytes: await encode(), prefillMs });
    console.error(`position ${depth}: ${(prefillMs / 1000).toFixed(0)} s`);
  }
  sequence.release();
  return { points: found, full: undefined };
}

async function feed(backend: Loaded["backend"], sequence: Sequence, until: number): Promise<void> {
  const from = sequence.position;
  const ids = Array.from({ length: until - from }, (_, i) => idAt(from + i, backend.vocab));
  for (const { slice } of slices(ids, backend.sliceTokens)) await sequence.forward(slice, "none");
}

/** The state of a point under the point's own position. */
const saved = ({ bytes, depth }: Point, fingerprint: string): Saved => ({
  ...decodeState(bytes, fingerprint),
  position: depth,
});

/** Decode and resume of every point, taking turns. */
async function measure({ backend, fingerprint }: Loaded, all: Point[]) {
  /** Points whose next token does not fit the engine. */
  const full = new Set<Point>();
  const speeds = all.map((): number[] => []);
  const resumes = all.map((): number[] => []);
  const firsts = all.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, point] of all.entries()) {
      if (full.has(point)) continue;
      let sequence!: Sequence;
      const resume = await cpuMs(async () => {
        sequence = await backend.open(saved(point, fingerprint));
      });
      const step = (n: number) => sequence.forward(Uint32Array.of(idAt(n, backend.vocab)), "last");
      let first = 0;
      try {
        first = await cpuMs(() => step(0));
      } catch (thrown) {
        if (!(thrown instanceof Failure) || thrown.code !== "memory_exceeded") throw thrown;
        sequence.release();
        full.add(point);
        continue;
      }
      const ms = await cpuMs(async () => {
        for (let n = 1; n <= STEP_TOKENS; n++) await step(n);
      });
      sequence.release();
      if (round === 0) continue; // compiles
      speeds[i]!.push((1000 * STEP_TOKENS) / ms);
      resumes[i]!.push(resume);
      firsts[i]!.push(first);
    }
  }
  return all.flatMap((point, i) =>
    full.has(point)
      ? []
      : [{ point, decode: median(speeds[i]!), resume: median(resumes[i]!), first: median(firsts[i]!) }],
  );
}

const models = [
  { name: "hybrid", pack: hybridPack },
  { name: "transformer, full attention", pack: (await prepareWeights()).rivuletQ4 },
];
const decode: (string | number)[][] = [];
const resume: (string | number)[][] = [];
for (const { name, pack } of models) {
  const model = await open(pack, { maxBytes: ISOLATE_BYTES });
  const { points: all, full } = await points(model);
  const measured = await measure(model, all);
  const best = Math.max(...measured.map(({ decode }) => decode));
  for (const { point, decode: speed, resume: resumeMs, first } of measured) {
    const { depth, bytes, prefillMs } = point;
    const how = prefillMs === undefined ? `${depth} (state of ${deepest})` : depth;
    decode.push([name, how, figure(speed), `${Math.round((100 * speed) / best)} %`, figure(bytes.length / 1e6)]);
    if (prefillMs === undefined) continue;
    const rows = 3 + Math.ceil(bytes.length / 1_900_000);
    resume.push([
      name,
      depth,
      figure(prefillMs),
      figure(resumeMs),
      figure(first),
      `${figure(prefillMs / resumeMs)}×`,
      rows,
    ]);
  }
  if (full !== undefined) decode.push([name, `${full} and on`, "memory full", "", ""]);
}
writeSection(
  "node bench/depth.ts",
  `## Depth and resuming

\`node bench/depth.ts\`: the default hybrid and SmolLM2-135M, both 4 bit, in an engine of
${ISOLATE_BYTES / 2 ** 20} MB as in the Worker. CPU time, median of ${ROUNDS} rounds of ${STEP_TOKENS} tokens in alternation. Beyond position ${deepest} the state of ${deepest} was opened under the
larger position: its caches are full rings, so the work is the same. ${machine()}

${table(["model", "position", "decode tok/s", "of its best", "state MB"], decode)}

Resuming: the state's bytes, verified, back into the engine; then the first token. Against it, the CPU time of reading all tokens again.
Rows are what one turn writes.

${table(["model", "position", "read again, ms", "load state, ms", "first token, ms", "read again : load", "rows a turn"], resume)}`,
);
