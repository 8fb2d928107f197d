/** readSection: a section that the index found, as passages with their place on the branch. */
import type { ConversationStore } from "../storage/conversation-store.ts";
import type { Posting } from "../storage/passage-index.ts";
import { type CodedQuestion, nearnessIn } from "../storage/passage-senses.ts";
import type { Candidate } from "./rank-passages.ts";

/** `asked`: how near its sentences are to it is told with them. */
export function readSection(store: ConversationStore, posting: Posting, asked: CodedQuestion | undefined): Candidate[] {
  const read = store.tree.section(posting);
  if (!read) return [];
  const { turn, passages } = read;
  const { depth } = posting;
  const near = asked ? { near: nearnessIn(read, asked) } : {};
  return passages.map((passage, order) => ({ ...passage, of: passage, turn, depth, order, ...near }));
}
