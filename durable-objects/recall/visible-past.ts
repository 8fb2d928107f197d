/**
 * visible-past: how far back the model still sees well, word by word, what was said, when its reply begins.
 *
 * Attention layers see a window of tokens each. What is outside of the smallest is past: the long ones alone find it
 * more seldom. With a layer that sees everything, nothing ever is.
 */
import { ENDLESS } from "../../src/backends/backend.ts";
import type { Served } from "../../src/dialogue/load.ts";
import type { Message } from "../../src/tokenizer/text-codec.ts";
import type { CachePolicy } from "../../src/weights/manifest.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import type { StoredTurn } from "../storage/stored-turn.ts";
import { type Candidate, NEW_TURN } from "./rank-passages.ts";
import type { Senses } from "./sense.ts";

/** What recall is asked. */
export interface Search {
  store: ConversationStore | undefined;
  /** The last turn that was fed; what follows it is among `messages`. */
  base: StoredTurn | undefined;
  /** What the turn feeds, and the tokens that it makes. */
  messages: readonly Message[];
  promptTokens: number;
  served: Served;
  /** Most tokens that may be spent. */
  maxTokens: number;
  /** Asked only where something is past. Absent: words are only what they are. */
  senses?: Senses;
}

export interface Past {
  /** Turns of the branch up to this depth are out of sight, the one at it perhaps not to its end. */
  depth: number;
  /** The turn that is half in sight: UTF-16 units at its end that are. */
  straddling: { depth: number; seen: number } | undefined;
  /**
   * Of the new messages before the user's last one: units at their end that will be in sight; all of them where none
   * leaves it.
   */
  unfedSeen: number;
}

/** A passage of the branch, or of the request that follows it. */
export const isOutOfSight = (
  { depth, turn, toEnd }: Pick<Candidate, "depth" | "turn" | "toEnd">,
  { depth: past, straddling, unfedSeen }: Past,
): boolean =>
  turn === NEW_TURN ? toEnd >= unfedSeen : depth < past || (depth === past && toEnd >= (straddling?.seen ?? 0));

/** Without attention nothing is seen word by word; a state of constant size holds about so many tokens well. */
const WITHOUT_ATTENTION = 512;

interface Sight {
  /** Tokens that some attention layer sees. */
  window: number;
  /** Tokens that every one sees. Further back fewer do, and fewer answers are right (docs/recall.md). */
  well: number;
}

function sightOf({ manifest, backend }: Served): Sight {
  const { policy, window = 0, windows = {} }: CachePolicy = manifest.cache;
  if (policy === "full") {
    const all = backend.contextLength < ENDLESS ? Number.POSITIVE_INFINITY : WITHOUT_ATTENTION;
    return { window: all, well: all };
  }
  const sizes = [window, ...Object.values(windows)];
  return { window: Math.max(...sizes), well: Math.min(...sizes) };
}

/** Of the template, around a message: fewer than any has. */
const AROUND_MESSAGE = 2;

/** Undefined where everything is in sight, or where the question alone fills it. */
export function pastOf({ store, base, messages, promptTokens, served, maxTokens }: Search): Past | undefined {
  const { window, well } = sightOf(served);
  if ((base?.logged ?? 0) + promptTokens <= well) return undefined;
  const { codec } = served;
  const asked = messages.findLastIndex(({ role }) => role === "user");
  const lengthOf = (text: string) => codec.encodeText(text).length + AROUND_MESSAGE;
  const question = messages.slice(asked).reduce((sum, { content }) => sum + lengthOf(content), 0);
  // A quote that is out of sight itself when the reply begins helps nobody.
  if (asked < 0 || window - question < maxTokens) return undefined;
  let left = well - question;
  let unfedSeen = 0;
  for (const { content } of messages.slice(0, asked).reverse()) {
    if (left <= 0) break;
    const ids = codec.encodeText(content);
    unfedSeen += ids.length + AROUND_MESSAGE <= left ? content.length : codec.decode(ids.slice(-left)).length;
    left -= ids.length + AROUND_MESSAGE;
  }
  left = well - promptTokens;
  for (const { id, depth, start, logged } of base && store ? store.tree.path(base.id) : []) {
    if (left <= 0) return { depth, straddling: undefined, unfedSeen };
    if (logged - start > left) {
      const seen = codec.decode([...store!.tree.ownIds(id).slice(-left)]).length;
      return { depth, straddling: { depth, seen }, unfedSeen };
    }
    left -= logged - start;
  }
  return { depth: 0, straddling: undefined, unfedSeen };
}
