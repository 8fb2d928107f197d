/**
 * A model without weights: letters drawn from a hash of every token fed, so that lost or wrong state
 * shows in the very next letter.
 *
 * It stands in where a test must hold the model up, or make it fail, at an exact token.
 */
import type { Backend, Ring, Sequence, StateTensor } from "../../src/backends/backend.ts";
import { check, Failure } from "../../src/core/failure.ts";
import type { Served } from "../../src/dialogue/load.ts";
import type { Message } from "../../src/tokenizer/text-codec.ts";

const [START, END] = [256, 257];
const VOCAB = 258;

export interface ToyOptions {
  contextLength?: number;
  /** Called before every forward pass. */
  onForward?: (ids: Uint32Array, position: number) => void | Promise<void>;
  /** Tokens, here bytes, that are seen; all of them unless given. What is recalled has left it. */
  window?: number;
  /** Bytes of ballast in every saved state. */
  ballast?: number;
  /**
   * Its state has a cache like that of attention, one byte for each position, which the next letter depends on as well.
   */
  ring?: Ring;
  /** Another pack than the usual one. */
  pack?: {
    /** A digit in hex, the fingerprint's only one. */
    digit: string;
    /** Its weights: other letters. */
    weights?: number;
    name?: string;
    /** Digests of its parts. The usual one says nothing of them, as a release before them. */
    tokenizer?: string;
    template?: string;
  };
}

export interface Toy extends Served {
  readonly live: Set<Sequence>;
  /** Every id fed, of all sequences, in order. */
  readonly fed: number[];
}

const step = (hash: number, id: number): number => (Math.imul(hash, 31) + id + 1) >>> 0;

export function toyServed(options: ToyOptions = {}): Toy {
  const { contextLength = 4096, onForward, ballast = 0, window, ring } = options;
  const { digit = "0", weights = 7, name = "tiny", ...parts } = options.pack ?? {};
  const slots = ring ? ring.sinks + ring.slots : 0;
  const slotOf = (position: number) =>
    !ring || position < ring.sinks ? position : ring.sinks + ((position - ring.sinks) % ring.slots);
  const live = new Set<Sequence>();
  const fed: number[] = [];
  const open = (saved?: { position: number; tensors: StateTensor[] }): Sequence => {
    let position = saved?.position ?? 0;
    let hash = weights;
    const cache = new Uint8Array(slots);
    if (saved) {
      const data = saved.tensors[0]?.data;
      check(data?.length === 4 + ballast, "state_unreadable", () => "toy: wrong length");
      hash = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
      const past = saved.tensors[1]?.data.length ?? 0;
      check(past === Math.min(position, slots), "state_unreadable", () => "toy: wrong slots");
      if (ring) cache.set(saved.tensors[1]!.data);
    }
    const sequence: Sequence = {
      get position() {
        return position;
      },
      bytes: 4 + ballast,
      async forward(ids, want) {
        check(live.has(sequence), "bug", () => "toy: forward on a released sequence");
        if (position + ids.length > contextLength) throw new Failure("context_length_exceeded", "toy: full");
        await onForward?.(ids, position);
        for (const id of ids) {
          hash = step(hash, id);
          if (ring) cache[slotOf(position)] = hash;
          position++;
        }
        fed.push(...ids);
        return want === "none" ? new Float32Array(0) : logits(cache.reduce(step, hash));
      },
      save() {
        const data = new Uint8Array(4 + ballast);
        new DataView(data.buffer).setUint32(0, hash, true);
        const held = Math.min(position, slots);
        const past = { name: "past", dtype: "int8" as const, shape: [held], data: cache.slice(0, held), ...{ ring } };
        return [{ name: "hash", dtype: "int8", shape: [4 + ballast], data }, ...(ring ? [past] : [])];
      },
      release: () => void live.delete(sequence),
    };
    live.add(sequence);
    return sequence;
  };
  const backend: Backend = {
    vocab: VOCAB,
    contextLength,
    sliceTokens: 16,
    memoryBytes: 0,
    stateBytes: () => 4 + ballast,
    open,
  };
  const cache = window === undefined ? manifest.cache : { ...manifest.cache, policy: "window" as const, window };
  const digests = Object.fromEntries(Object.entries(parts).map(([part, sha256]) => [part, { sha256 }]));
  return {
    manifest: { ...manifest, name, ...digests, contextLength, cache },
    fingerprint: digit.repeat(64),
    backend,
    codec,
    prompt,
    prelude: new Uint32Array(0),
    live,
    fed,
  };
}

/** Letters and spaces at random, everything else far below. */
function logits(hash: number): Float32Array {
  const out = new Float32Array(VOCAB).fill(-50);
  let random = hash | 1;
  for (const id of [32, ...Array.from({ length: 26 }, (_, i) => 97 + i)]) {
    random = Math.imul(random ^ (random >>> 15), 0x2c1b3c6d) >>> 0;
    out[id] = (random % 1000) / 100;
  }
  return out;
}

const encode = (text: string): number[] => [...new TextEncoder().encode(text)];
const NEWLINE = 10;
/** A system message ends in its own way, so that what follows it is no other message's end. */
const messageIds = ({ role, content }: Message): number[] => [
  ...[START, ...encode(`${role}\n${content}`), END],
  ...(role === "system" ? [NEWLINE] : []),
];
const answer = [START, ...encode("assistant\n")];

const codec: Served["codec"] = {
  vocab: VOCAB,
  control: new Set([START, END]),
  encodeText: encode,
  encodeTemplate: encode,
  detokenizer() {
    const decoder = new TextDecoder();
    return {
      push: (id) => (id > 255 ? "" : decoder.decode(Uint8Array.of(id), { stream: true })),
      flush: () => decoder.decode(),
    };
  },
  decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids.filter((id) => id < 256))),
  tokenBytes: (id) => (id > 255 ? new Uint8Array(0) : Uint8Array.of(id)),
  tokenBlock: () => ({
    bytes: Uint8Array.from({ length: 256 }, (_, id) => id),
    starts: Uint32Array.from({ length: VOCAB + 1 }, (_, id) => Math.min(id, 256)),
  }),
  spelledBytes: (id) => (id > 255 ? new TextEncoder().encode(id === START ? "<start>" : "<end>") : Uint8Array.of(id)),
};

const prompt: Served["prompt"] = {
  takesSystemLater: true,
  start: (messages, answering = true) => [...messages.flatMap(messageIds), ...(answering ? answer : [])],
  append: ({ closed }, messages) => [...(closed ? [] : [END]), ...messages.flatMap(messageIds), ...answer],
  system: (text) => [START, ...encode(`system\n${text}`)],
  afterSystem: (messages) => [END, NEWLINE, ...messages.flatMap(messageIds), ...answer],
};

const manifest = {
  name: "tiny",
  dtype: "q4",
  generation: { eos: [END] },
  cache: { policy: "full", sinks: 0, dtype: "f32" },
} as unknown as Served["manifest"];
