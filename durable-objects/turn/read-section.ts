/** readSection: a section that the index found, as passages with their place on the branch. */
import type { ConversationStore } from "../storage/conversation-store.ts";
import type { Posting } from "../storage/passage-index.ts";
import { type Asked, nearnessIn } from "../storage/passage-senses.ts";
import { section } from "../storage/passages.ts";
import { saidIn } from "../storage/turn-tree.ts";
import type { Candidate } from "./rank-passages.ts";

/** `asked`: how near its sentences are to it is told with them. */
export function readSection(store: ConversationStore, posting: Posting, asked: Asked | undefined): Candidate[] {
  const slot = store.tree.passages.sectionAt(posting);
  const turn = slot && store.tree.turn(slot.turn);
  if (!turn) return [];
  const { depth } = posting;
  const passages = section(saidIn(turn), slot.from, slot.to);
  const near = asked ? { near: nearnessIn(passages, posting.section, slot.senses, asked) } : {};
  return passages.map((passage, order) => ({
    ...passage,
    turn: turn.id,
    depth,
    order,
    ...near,
  }));
}
