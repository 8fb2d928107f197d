/** What a person does with conversations: open, walk branches, rename, delete. */
import { ConversationTree } from "../src/client/conversation-tree.ts";
import type { Turn } from "../src/client/turns.ts";
import { answer, leaveAnswer, rejoin } from "./answer.ts";
import { beginReading, refreshDocuments } from "./documents.ts";
import { draft, keepDraft } from "./drafts.ts";
import { onNews, tell, use } from "./recent.ts";
import { settings } from "./settings.ts";
import {
  api,
  attempt,
  conversations,
  inAddress,
  leaf,
  models,
  named,
  needsKey,
  notice,
  opened,
  refreshList,
  refreshTurns,
  tree,
} from "./store.ts";
import { leaveStreams, shownStream, showStream, showStreams, streamInAddress } from "./streams.ts";

/** Asks for the models and the list, then shows the conversation that the address names. */
export const begin = (): Promise<void> =>
  attempt(async () => {
    // Read first: who writes before the server has answered begins a conversation, whose name is put there.
    const wanted = named();
    models.value = await api.models();
    needsKey.value = false;
    await refreshList();
    const stream = streamInAddress();
    if (stream) void showStream(stream);
    else if (stream === "") void showStreams();
    else if (wanted && opened.value === null && tree.value.turns.length === 0) await show(wanted);
    await refreshDocuments();
    // What was attached before a reload is read on.
    const { attachment } = draft.peek();
    if (attachment && opened.value === null) beginReading(attachment, settings.peek().system);
  });

export const open = (id: string): Promise<void> => attempt(() => show(id));

export async function show(id: string): Promise<void> {
  leaveStreams();
  leaveAnswer();
  notice.value = "";
  opened.value = id;
  tree.value = new ConversationTree([]);
  leaf.value = null;
  inAddress(id);
  await refreshTurns();
  rejoin();
}

export function startNew(): void {
  leaveStreams();
  leaveAnswer();
  notice.value = "";
  opened.value = null;
  tree.value = new ConversationTree([]);
  leaf.value = null;
  inAddress(null);
  // A new conversation shows the documents that were read, and the server may have been away when the page was opened.
  // If it does not answer now, the list stays as it was.
  refreshDocuments().catch(() => {});
}

/** A new conversation about a document that the server has read. */
export function startAbout(document: string): void {
  startNew();
  keepDraft({ text: draft.peek().text, document });
}

addEventListener("popstate", () => {
  const stream = streamInAddress();
  if (stream !== null) {
    if (stream !== shownStream.peek()) void (stream === "" ? showStreams() : showStream(stream));
    return;
  }
  const wanted = named();
  if (wanted === opened.peek() && shownStream.peek() === null) return;
  if (wanted === null) startNew();
  else void open(wanted);
});

onNews((changed) =>
  attempt(async () => {
    await refreshList();
    // While this tab follows an answer it knows better.
    if (changed !== opened.peek() || answer.peek() !== null) return;
    await refreshTurns();
    leaf.value = tree.peek().newest;
    rejoin();
  }),
);

/** Shows the branch that goes through this turn. */
export function walkTo(turn: Turn): void {
  leaveAnswer();
  leaf.value = tree.value.newestLeaf(turn.id);
  rejoin();
}

export const rename = (id: string, title: string): Promise<void> =>
  attempt(async () => {
    const { metadata } = await api.get(id);
    const renamed = await api.rename(id, { ...metadata, title });
    conversations.value = conversations.value.map((other) => (other.id === id ? renamed : other));
    use(id);
    tell({ changed: id });
  });

/** Deletes the conversation with all its forks. */
export const remove = (id: string): Promise<void> =>
  attempt(async () => {
    const turns = await api.turns(id);
    const heads = new Set(turns.flatMap((turn) => turn.conversations));
    heads.delete(id);
    for (const head of [...heads, id]) await api.delete(head);
    if (opened.value === id) startNew();
    conversations.value = conversations.value.filter((other) => other.id !== id);
    keepDraft({ text: "" }, id);
    tell({ changed: id });
  });
