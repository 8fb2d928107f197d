/** Search over conversations: by what was said in them, where the server can, and by their titles. */
import { signal } from "@preact/signals";
import { rootOf } from "../src/client/conversation-tree.ts";
import type { Conversation } from "../src/client/turns.ts";
import { Failure } from "../src/core/failure.ts";
import { api, conversations, report, titleOf } from "./store.ts";

const PAUSE_MS = 200;

export const query = signal("");
/** Undefined while nothing is searched for. */
export const found = signal<readonly Conversation[] | undefined>(undefined);
export const searchField = signal<HTMLInputElement | null>(null);

let waiting: ReturnType<typeof setTimeout> | undefined;

export function search(text: string): void {
  query.value = text;
  clearTimeout(waiting);
  const wanted = text.trim();
  if (wanted === "") {
    found.value = undefined;
    return;
  }
  found.value = byTitle(wanted);
  waiting = setTimeout(() => void asked(wanted), PAUSE_MS);
}

const byTitle = (wanted: string): Conversation[] =>
  conversations.value.filter((conversation) => titleOf(conversation).toLowerCase().includes(wanted.toLowerCase()));

async function asked(wanted: string): Promise<void> {
  try {
    const said = await api.search(wanted);
    if (query.peek().trim() !== wanted) return;
    const roots = new Set(said.map(({ id }) => rootOf(id)));
    const titled = byTitle(wanted);
    const others = conversations.value.filter(
      ({ id }) => roots.has(rootOf(id)) && !titled.some((one) => one.id === id),
    );
    found.value = [...titled, ...others];
  } catch (thrown) {
    // A server that cannot search leaves what the titles say.
    if (!(thrown instanceof Failure && thrown.code === "request_invalid")) report(thrown);
  }
}
