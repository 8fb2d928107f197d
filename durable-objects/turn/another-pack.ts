/**
 * another-pack: whether a conversation that one pack has computed can go on with another of the same name.
 *
 * A state is of the pack that made it, and no other loads it. The token log outlives that: where tokenizer and chat
 * template are the same, its ids say to the new pack what they said to the old one, and the state is computed again
 * from them (restore-state.ts). Otherwise nothing of it is of use.
 */
import { check } from "../../src/core/failure.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { ReplyText } from "../../src/dialogue/reply-text.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import type { Accepted } from "../storage/journal.ts";
import type { StoredTurn } from "../storage/stored-turn.ts";
import { promptAgain } from "./prompt-of.ts";
import { textEnds } from "./reply-options.ts";

const DIGITS = 16;

/** The parts of a pack that its tokens get their meaning from, as turns note them. */
export const partsOf = ({ manifest: { tokenizer, template } }: Served): Pick<Accepted, "tokenizer" | "template"> => ({
  ...(tokenizer ? { tokenizer: tokenizer.sha256.slice(0, DIGITS) } : {}),
  ...(template ? { template: template.sha256.slice(0, DIGITS) } : {}),
});

/**
 * `last`: the turn that is gone on from; undefined at the beginning. Fails with `model_changed`, and says what differs.
 */
export function checkGoesOn(store: ConversationStore, last: StoredTurn | undefined, served: Served): void {
  const { manifest, fingerprint } = served;
  const identity = store.identity();
  // A tree that this pack has taken over may have branches that it has not continued yet.
  const theirs = [identity, last].find((one) => one && one.fingerprint !== fingerprint);
  if (!theirs) return;
  const packs = `it was computed by the pack ${short(theirs.fingerprint)}, and ${short(fingerprint)} is served now`;
  const refuse = (isSame: boolean, what: () => string, advice: string) => {
    const message = () => `conversation: ${what()} (${packs}); ${advice}`;
    check(isSame, "model_changed", message, "conversation");
  };
  const model = store.modelName;
  const here = JSON.stringify(manifest.name);
  refuse(
    model === undefined || model === manifest.name,
    () => `it belongs to the model ${JSON.stringify(model)}, and this is ${here}`,
    `serve a pack under that name, or begin a new conversation`,
  );
  if (!last) return;
  const again = "serve the earlier pack again, or begin a new conversation";
  const unlike = (what: string, theirs: string | undefined, ours: string | undefined) => {
    const isSame = theirs === undefined || theirs === ours;
    refuse(
      isSame,
      () => `this version of ${here} has another ${what}, so the tokens that are kept mean nothing to it`,
      again,
    );
  };
  const { tokenizer, template } = partsOf(served);
  unlike("tokenizer", last.tokenizer, tokenizer);
  unlike("chat template", last.template, template);
  const isKnown = last.tokenizer !== undefined && last.template !== undefined;
  const reads = isKnown || readsAlike(store, last, served);
  refuse(reads, () => `its tokens are not those that this version of ${here} makes of what was said`, again);
}

/** Whether what a turn began with is computed again because another pack made the states of the conversation. */
export function isOtherPacks({ tree }: ConversationStore, { parent, fingerprint }: Accepted): boolean {
  for (const { id, start, logged } of tree.path(parent))
    if (logged > start) return tree.turn(id)!.fingerprint !== fingerprint;
  return false;
}

/**
 * Turns of an earlier release do not say which tokenizer and template they were made with. Then the ids
 * themselves must: the conversation's beginning is written anew and has to have the same ones, and every reply
 * has to have the text that was sent.
 */
function readsAlike(store: ConversationStore, last: StoredTurn, served: Served): boolean {
  const { tree } = store;
  const path = [...tree.path(last.id)].filter(({ start, logged }) => logged > start);
  const replies = path.every(({ id }) => {
    const { request, reply, promptCount } = tree.require(id);
    if (reply === null) return true;
    const text = new ReplyText(served, textEnds(request));
    const ids = [...tree.ownIds(id).subarray(promptCount)];
    return ids.map((one) => text.push(one)).join("") + text.rest() === reply;
  });
  const first = path.at(-1);
  if (!replies || !first) return replies;
  const turn = tree.require(first.id);
  const ids = tree.ownIds(first.id).subarray(0, turn.promptCount);
  const prompt = promptAgain(store, turn, served);
  return prompt.length === ids.length && prompt.every((id, n) => id === ids[n]);
}

/** As much of a fingerprint as people compare. */
const short = (fingerprint: string): string => fingerprint.slice(0, 12);
