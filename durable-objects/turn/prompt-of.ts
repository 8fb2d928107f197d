/** prompt-of: what a turn's messages become as ids, behind what its path has said. */
import type { Recalled, TurnRequest } from "../../src/api/shared/turn.ts";
import { announce, toolsKnown } from "../../src/constrain/reply/announce.ts";
import type { Served } from "../../src/dialogue/load.ts";
import type { Message } from "../../src/tokenizer/text-codec.ts";
import { withQuote } from "../recall/quote-passages.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import type { StoredTurn } from "../storage/stored-turn.ts";

/**
 * Messages that were added without asking for a reply are fed with the next ones; `base` is the last turn with a reply.
 */
export function unanswered(store: ConversationStore | undefined, parent: StoredTurn | undefined, fresh: Message[]) {
  let base = parent;
  let messages = fresh;
  while (base && base.reply === null && !isFed(base)) {
    messages = [...base.request.messages, ...messages];
    base = base.parent === null ? undefined : store!.tree.turn(base.parent);
  }
  return { base, messages };
}

/** Tools that the model has read of up to a turn. A turn of an earlier release says it of itself alone. */
export const knownTo = (base: StoredTurn | undefined): string | undefined =>
  base && (base.toolsKnown ?? toolsKnown(base.request.messages, base.request));

/** A turn that was fed and asked for no reply: the beginning that conversations share. */
const isFed = ({ reply, start, logged }: StoredTurn): boolean => reply === null && logged > start;

/** `quoted`: lines of the past, which become a system message of their own. */
export function promptOf(
  { feedOnly }: TurnRequest,
  { prompt }: Served,
  base: StoredTurn | undefined,
  said: Message[],
  quoted: readonly Recalled[],
) {
  const messages = withQuote(said, quoted);
  if (feedOnly) return prompt.system(messages[0]!.content);
  if (!base) return prompt.start(messages);
  if (isFed(base)) return prompt.afterSystem(messages);
  return prompt.append({ hasSystem: base.hasSystem, closed: base.closed }, messages);
}

/** What stays of a stored turn's prompt, as the served template writes it. */
export function promptAgain(
  store: ConversationStore,
  { parent, request, recalled }: StoredTurn,
  served: Served,
): number[] {
  const last = unanswered(store, parent === null ? undefined : store.tree.require(parent), request.messages);
  return promptOf(request, served, last.base, announce(last.messages, request, knownTo(last.base)), recalled ?? []);
}
