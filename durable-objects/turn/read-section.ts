/** readSection: a section that the index found, as passages with their place on the branch. */
import type { ConversationStore } from "../storage/conversation-store.ts";
import type { Posting } from "../storage/passage-index.ts";
import { section } from "../storage/passages.ts";
import { saidIn } from "../storage/turn-tree.ts";
import type { Candidate } from "./rank-passages.ts";

export function readSection(store: ConversationStore, posting: Posting): Candidate[] {
  const slot = store.tree.passages.sectionAt(posting);
  const turn = slot && store.tree.turn(slot.turn);
  if (!turn) return [];
  const { depth } = posting;
  return section(saidIn(turn), slot.from, slot.to).map((passage, order) => ({
    ...passage,
    turn: turn.id,
    depth,
    order,
  }));
}
