/** What a person does with conversations: open, walk branches, rename, delete, export, import. */
import { Family } from "../src/client/family.ts";
import type { Turn } from "../src/client/turns.ts";
import { leaveAnswer, rejoin } from "./answer.ts";
import {
  api,
  attempt,
  conversations,
  family,
  inAddress,
  leaf,
  model,
  needsKey,
  notice,
  opened,
  openedTitle,
  refreshList,
  refreshTurns,
  spoken,
} from "./store.ts";

/** Asks for the model and the list, then shows the conversation that the address names. */
/** Asks for the model and the list, then shows the conversation that the address names. */
export const begin = (): Promise<void> =>
  attempt(async () => {
    // Read first: who writes before the server has answered begins a conversation, whose name is put there.
    const named = decodeURIComponent(location.hash.slice(1));
    model.value = await api.model();
    needsKey.value = false;
    await refreshList();
    if (named && opened.value === null && family.value.turns.length === 0) await show(named);
  });

export const open = (id: string): Promise<void> => attempt(() => show(id));

async function show(id: string): Promise<void> {
  leaveAnswer();
  opened.value = id;
  family.value = new Family([]);
  leaf.value = null;
  inAddress(id);
  await refreshTurns();
  rejoin();
}

export function startNew(): void {
  leaveAnswer();
  notice.value = "";
  opened.value = null;
  family.value = new Family([]);
  leaf.value = null;
  inAddress(null);
}

/** Shows the branch that goes through this turn. */
export function walkTo(turn: Turn): void {
  leaveAnswer();
  leaf.value = family.value.newestLeaf(turn.id);
  rejoin();
}

export const rename = (id: string, title: string): Promise<void> =>
  attempt(async () => {
    const { metadata } = await api.get(id);
    const renamed = await api.rename(id, { ...metadata, title });
    conversations.value = conversations.value.map((other) => (other.id === id ? renamed : other));
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
  });

/** Saves the shown branch as a file. */
export const save = (id: string): Promise<void> =>
  attempt(async () => {
    const head = (opened.value === id && family.value.get(leaf.value)?.conversations[0]) || id;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await api.export(head));
    link.download = `${id.replaceAll(/[^\w.-]+/g, "-")}.rivulet`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  });

export const load = (file: File): Promise<void> =>
  attempt(async () => {
    const { id } = await api.import(file);
    await refreshList();
    await show(id);
    spoken.value = `Imported ${openedTitle.value}`;
  });
