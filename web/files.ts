/**
 * Conversations as files: the signed one with its state, which can be imported, and
 * Markdown and JSON to read elsewhere.
 */
import { ConversationTree } from "../src/client/conversation-tree.ts";
import type { Turn } from "../src/client/turns.ts";
import { show } from "./actions.ts";
import { download } from "./download.ts";
import { api, attempt, conversations, leaf, opened, openedTitle, refreshList, spoken, titleOf, tree } from "./store.ts";

type FileKind = "state" | "markdown" | "json";

/** Saves the shown branch, of a conversation that is not shown the newest. */
export const save = (id: string, kind: FileKind): Promise<void> =>
  attempt(async () => {
    const turns = opened.value === id ? tree.value.path(leaf.value) : await newestPath(id);
    const name = id.replaceAll(/[^\w.-]+/g, "-");
    if (kind === "state") return download(await api.export(turns.at(-1)?.conversations[0] ?? id), `${name}.rivulet`);
    const conversation = conversations.value.find((other) => other.id === id);
    const title = conversation ? titleOf(conversation) : id;
    if (kind === "markdown")
      return download(new Blob([markdownOf(title, turns)], { type: "text/markdown" }), `${name}.md`);
    const whole = { id, title, metadata: conversation?.metadata ?? {}, turns };
    download(new Blob([`${JSON.stringify(whole, null, 2)}\n`], { type: "application/json" }), `${name}.json`);
  });

async function newestPath(id: string): Promise<Turn[]> {
  const known = new ConversationTree(await api.turns(id));
  return known.path(known.newest);
}

function markdownOf(title: string, turns: readonly Turn[]): string {
  const who: Record<string, string> = { user: "You", system: "System", tool: "Tool" };
  const parts = turns.flatMap(({ messages, reply }) => [
    ...messages.map(({ role, content }) => `## ${who[role] ?? role}\n\n${content}`),
    `## Answer\n\n${reply}`,
  ]);
  return `${[`# ${title}`, ...parts].join("\n\n")}\n`;
}

export const load = (file: File): Promise<void> =>
  attempt(async () => {
    const { id } = await api.import(file);
    await refreshList();
    await show(id);
    spoken.value = `Imported ${openedTitle.value}`;
  });
