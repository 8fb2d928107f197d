/** What the page shows, as signals. Changed by answer.ts and actions.ts. */
import { batch, computed, signal } from "@preact/signals";
import { ConversationTree, rootOf } from "../src/client/conversation-tree.ts";
import { Conversations } from "../src/client/conversations.ts";
import { Server, Unreachable } from "../src/client/server.ts";
import type { Conversation, ModelCard, Turn } from "../src/client/turns.ts";
import { Failure } from "../src/core/failure.ts";
import { rememberedKey } from "./key.ts";

/** The page may be mounted below a path. */
export const server = new Server(location.origin + location.pathname, rememberedKey());
export const api = new Conversations(server);

/** Every model that is served; the first is the one that is meant where none is named. */
export const models = signal<readonly ModelCard[]>([]);
/** Newest first, forks left out. */
export const conversations = signal<readonly Conversation[]>([]);
/** The root conversation that is open; null is a new one that has not begun. */
export const opened = signal<string | null>(null);
export const tree = signal(new ConversationTree([]));
/** Stands for a turn's id until the server has given one. */
export const UNNAMED = "…";
/** The turn at which the shown path ends. */
export const leaf = signal<string | null>(null);
export const path = computed<readonly Turn[]>(() => tree.value.path(leaf.value));
/** One line about what went wrong, until the next action. */
export const notice = signal("");
export const needsKey = signal(false);
/** Spoken by screen readers. */
export const spoken = signal("");

/** The model of the shown conversation. */
export const model = computed<ModelCard | undefined>(() => {
  const begun = conversations.value.find(({ id }) => id === opened.value)?.rivulet.model;
  return models.value.find(({ id }) => id === begun) ?? models.value[0];
});

export const titleOf = ({ id, metadata }: Conversation): string => metadata.title || id;
export const openedTitle = computed(() => {
  const found = conversations.value.find(({ id }) => id === opened.value);
  return found ? titleOf(found) : "New conversation";
});

/** Runs an action; what goes wrong becomes the notice, or the question for a key. */
export async function attempt(work: () => Promise<void>): Promise<void> {
  notice.value = "";
  try {
    await work();
  } catch (thrown) {
    report(thrown);
  }
}

export function report(thrown: unknown): void {
  if (thrown instanceof DOMException && thrown.name === "AbortError") return;
  if (thrown instanceof Failure && thrown.code === "unauthorized") needsKey.value = true;
  else if (thrown instanceof Unreachable) notice.value = "The server does not answer.";
  else notice.value = thrown instanceof Error ? thrown.message : String(thrown);
}

export async function refreshList(): Promise<void> {
  const all = await api.list();
  const roots = all.filter(({ id }) => id === rootOf(id));
  // Of a conversation tree whose root was deleted, a fork stands for it.
  const orphans = all.filter(({ id }) => id !== rootOf(id) && !roots.some((root) => root.id === rootOf(id)));
  // The server lists a conversation from its first turn on, the page from its first message.
  const begun = conversations.value.filter(({ id }) => id === opened.value && !roots.some((root) => root.id === id));
  conversations.value = [...begun, ...roots, ...orphans];
}

let reading = 0;
/** What is being read of the server is older than what the page is about to show. */
export const outdate = (): number => ++reading;

export async function refreshTurns(): Promise<void> {
  const id = opened.value;
  if (id === null) return;
  const own = outdate();
  const turns = await api.turns(id);
  if (opened.value !== id || own !== reading) return;
  batch(() => {
    tree.value = new ConversationTree(turns);
    if (!tree.value.get(leaf.value)) leaf.value = tree.value.newest;
  });
}

const addressOf = (id: string | null): string => (id === null ? "" : `#${encodeURIComponent(id)}`);

/**
 * The conversation that the address names, null where none can have that name. A slash stands in no encoded name:
 * with it begin the other views.
 */
export function named(): string | null {
  if (location.hash.startsWith("#/")) return null;
  try {
    return decodeURIComponent(location.hash.slice(1)) || null;
  } catch {
    return null;
  }
}

/** Shows a conversation's name in the address: a reload comes back to it, and Back to the one before. */
export const inAddress = (id: string | null): void => address(addressOf(id));

/** `hash`: empty, or with its `#`. */
export function address(hash: string): void {
  if (location.hash !== hash) history.pushState(null, "", hash || location.pathname);
}
