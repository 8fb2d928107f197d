/**
 * The server stops, and is started with another pack of the same model: two packs, and what a
 * conversation ought to be with either.
 */
import { env } from "cloudflare:workers";
import { beforeEach, expect } from "vitest";
import { ConversationStore } from "../../durable-objects/storage/conversation-store.ts";
import { decodeState } from "../../src/state/codec.ts";
import { chat, say } from "./chat-client.ts";
import { gatedToy } from "./gated-toy.ts";
import { inside } from "./object.ts";
import type { Toy } from "./toy-served.ts";

/** What a pack tells of its tokenizer and template. */
export const TOLD = { tokenizer: "a".repeat(64), template: "b".repeat(64) };
export const EARLIER = { digit: "1", ...TOLD };
export const LATER = { digit: "2", weights: 11, ...TOLD };

/** States have pieces of their own. */
const PIECE = 1000;

const turn = (conversation: string, content: string, fields = {}) =>
  chat({ conversation, messages: [say(content)], ...fields });

async function dialogue(conversation: string, contents: string[]) {
  await inside(conversation, (instance, { storage }) => {
    instance.store = new ConversationStore(storage as never, PIECE);
  });
  const replies: Awaited<ReturnType<typeof turn>>[] = [];
  for (const content of contents) replies.push(await turn(conversation, content));
  return replies;
}

/** The state that a pack has after these ids, from the first one on. */
async function fromScratch(pack: Toy, ids: Uint32Array): Promise<Uint8Array> {
  const sequence = await pack.backend.open();
  await sequence.forward(ids, "none");
  const [state] = await sequence.save();
  sequence.release();
  return state!.data as Uint8Array;
}

/** Of the turn that a conversation is at: its log, and its state with the pack that made it. */
const kept = (conversation: string, fingerprint: string, head = "main") =>
  inside(conversation, ({ store }) => {
    const id = store.heads.require(head).turn!;
    const set = store.pieces.of(id)!;
    const { position, tensors } = decodeState(store.pieces.read(set), fingerprint);
    return { position, data: tensors[0]!.data.slice(), log: store.tree.ids(id, 0, position) };
  });

async function expectOf(pack: Toy, conversation: string, head = "main"): Promise<void> {
  const { data, log } = await kept(conversation, pack.fingerprint, head);
  expect(data).toEqual(await fromScratch(pack, log));
}

/** Every test of this file begins with the earlier pack. */
export function anotherPack() {
  const served = gatedToy({ ballast: 2 * PIECE });
  beforeEach(async () => {
    env.SESSION_KEY = "a secret" as never;
    await served.startedWith(EARLIER);
  });
  return { ...served, turn, dialogue, fromScratch, kept, expectOf };
}
