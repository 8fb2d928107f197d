/**
 * A long dialogue as a conversation's object holds it: turns in its tree, their words in its
 * index, and what recall finds there.
 */
import { readFileSync } from "node:fs";
import { recall } from "../../durable-objects/recall/recall.ts";
import { sensesBy } from "../../durable-objects/recall/sense.ts";
import { ConversationStore } from "../../durable-objects/storage/conversation-store.ts";
import { PIECE_BYTES } from "../../durable-objects/storage/state-pieces.ts";
import type { StoredTurn } from "../../durable-objects/storage/stored-turn.ts";
import { compiledKernels } from "../../src/cli/kernels.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { encoderMemory } from "../../src/sentences/encoder-memory.ts";
import { SentenceEncoder } from "../../src/sentences/sentence-encoder.ts";
import type { TextCodec } from "../../src/tokenizer/text-codec.ts";
import { sqliteStorage } from "../../test/support/sqlite-storage.ts";
import { longDialogue, type Probe, type Told, type Turn } from "./dialogue.ts";
import { filler } from "./filler.ts";

/** Tokens of the template, for each turn. */
const AROUND_TURN = 12;
/** Of a turn, template included, as the fillers have it. */
const USUAL_TURN = 64;
/** Small talk behind the last fact, so that the default model's long windows hold nothing but it. */
const TAIL_TURNS = 16;
const TAIL_TOKENS = 900;

const encoder = new SentenceEncoder(
  encoderMemory(readFileSync("models/sentence-encoder/encoder.bin")),
  compiledKernels(),
);
const senses = sensesBy(() => encoder);

/** Turns one after the other. */
export class StoredTurns {
  readonly store = new ConversationStore(sqliteStorage(), PIECE_BYTES, senses);
  /** The last one. */
  base: StoredTurn | undefined;
  readonly #codec: TextCodec;

  constructor(codec: TextCodec) {
    this.#codec = codec;
    this.store.database.open();
  }

  /** Tokens of all of them, as the log counts them. */
  get logged(): number {
    return this.base?.logged ?? 0;
  }

  add(user: string, assistant: string): void {
    const ids = Uint32Array.from([
      ...this.#codec.encodeText(user),
      ...this.#codec.encodeText(assistant),
      ...Array(AROUND_TURN).fill(0),
    ]);
    const start = this.logged;
    const before = this.base?.depth ?? 0;
    this.base = {
      id: before.toString(16).padStart(16, "0"),
      parent: this.base?.id ?? null,
      depth: before + 1,
      createdMs: before,
      status: "completed",
      start,
      position: start,
      logged: start + ids.length,
      hidden: false,
      fingerprint: "f",
      model: "m",
      origin: "resumed",
      request: {
        tenant: "t",
        persistent: true,
        model: "m",
        sampling: {},
        stop: [],
        messages: [{ role: "user", content: user }],
        reply: { object: "chat.completion", stream: false, includeUsage: false },
      },
      reply: assistant,
      promptCount: 0,
      asked: "",
      history: "",
      messageCount: 2 * before,
      hasSystem: false,
      closed: true,
      generator: [],
    } as unknown as StoredTurn;
    this.store.tree.insert(this.base, ids);
  }
}

interface StoredDialogue {
  stored: StoredTurns;
  turns: Turn[];
  /** Tokens before each turn. */
  starts: number[];
  probes: Probe[];
}

/** A conversation of about so many tokens. */
export function storedDialogue(tokens: number, seed: number, facts: Told, codec: TextCodec): StoredDialogue {
  const stored = new StoredTurns(codec);
  const count = Math.max(12, Math.round((tokens - TAIL_TOKENS) / USUAL_TURN));
  const { turns: told, probes } = longDialogue(count, seed, facts);
  const turns = [...told, ...Array.from({ length: TAIL_TURNS }, (_, n) => filler(seed + 1000, n))];
  const starts: number[] = [];
  for (const { user, assistant } of turns) {
    starts.push(stored.logged);
    stored.add(user, assistant);
  }
  return { stored, turns, starts, probes };
}

/** What is quoted before a question at its end. `byWords`: without what sentences mean. */
export const quotedFor = (
  { store, base }: StoredTurns,
  question: string,
  served: Served,
  byWords = false,
): ReturnType<typeof recall> =>
  recall({
    store,
    base,
    messages: [{ role: "user", content: question }],
    promptTokens: served.codec.encodeText(question).length + AROUND_TURN,
    served,
    maxTokens: 128,
    ...(byWords ? {} : { senses }),
  });
