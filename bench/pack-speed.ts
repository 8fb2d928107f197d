/**
 * Tokens per second of processor time of packs, one thread each: what they take on a quiet
 * machine, measured on a busy one.
 *
 *     node bench/pack-speed.ts <pack> …
 *
 * A prompt of 256 tokens, then 24 tokens one by one. `rivulet bench` measures wall time, at several depths.
 */

import { commandLine } from "../scripts/command-line.ts";
import { slices } from "../src/dialogue/reply.ts";
import { open } from "./models.ts";
import { idAt, ownSeconds } from "./peers/protocol.ts";
import { figure } from "./section.ts";

const PROMPT = 256;
const DECODED = 24;

for (const pack of commandLine({}, [1, Infinity]).positionals) {
  const { backend, manifest } = await open(pack);
  const sequence = await backend.open();
  const ids = Array.from({ length: PROMPT }, (_, i) => idAt(i, backend.vocab));
  const read = async (count: number) => {
    for (const { slice, last } of slices(ids.slice(0, count), backend.sliceTokens))
      await sequence.forward(slice, last ? "last" : "none");
  };
  await read(backend.sliceTokens); // compiles
  const started = ownSeconds();
  await read(PROMPT);
  const filled = ownSeconds();
  for (let i = 0; i < DECODED; i++) await sequence.forward(Uint32Array.of(ids[i]!), "last");
  const decoded = ownSeconds();
  sequence.release();
  const [prefill, decode] = [PROMPT / (filled - started), DECODED / (decoded - filled)].map(figure);
  const memory = `${Math.round(backend.memoryBytes / 1e6)} MB of engine memory`;
  console.log(`${manifest.name} ${manifest.dtype}: prefill ${prefill} tok/s, decode ${decode} tok/s, ${memory}`);
}
