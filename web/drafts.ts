/**
 * What is typed and attached, and not yet said: one draft for each conversation and one for the next new
 * one. A draft is kept through a reload, and until the server has its message, so that nothing typed is lost
 * with a connection or a server.
 */
import { computed, signal } from "@preact/signals";
import { read, write } from "./kept.ts";
import { opened } from "./store.ts";

export interface Attachment {
  /** Of the file, or of a pasted text. */
  name: string;
  text: string;
}

interface Draft {
  text: string;
  attachment?: Attachment;
  /** A document that the server has read, by the name of its prefix. */
  document?: string;
}

const EMPTY: Draft = { text: "" };
/** The draft of a conversation that has not begun. */
const NEW = "";

const nameOf = (id: string | null): string => `draft ${id ?? NEW}`;
const drafts = signal<Readonly<Record<string, Draft>>>({});

/** The draft where the reader is. */
export const draft = computed<Draft>(() => {
  const name = nameOf(opened.value);
  return drafts.value[name] ?? read<Draft>(name) ?? EMPTY;
});

/** Keeps what is typed. */
export function keepDraft(next: Draft, id: string | null = opened.peek()): void {
  const name = nameOf(id);
  const empty = next.text === "" && next.attachment === undefined && next.document === undefined;
  drafts.value = { ...drafts.value, [name]: next };
  write(name, empty ? undefined : next);
}

/**
 * Empties the field, and not yet what a reload would bring back: `said` does, when the server has the message. `named`:
 * the conversation that it begins has this name from now on, and a reload comes back to that.
 */
export function sendDraft(): { draft: Draft; named(conversation: string): void; said(): void; lost(): void } {
  let id = opened.peek();
  const sent = draft.peek();
  const isUntouched = () => (drafts.peek()[nameOf(id)] ?? EMPTY) === EMPTY;
  const empty = () => {
    drafts.value = { ...drafts.value, [nameOf(id)]: EMPTY };
  };
  empty();
  return {
    draft: sent,
    named: (conversation) => {
      if (isUntouched()) write(nameOf(id), undefined);
      id = conversation;
      write(nameOf(id), sent);
      empty();
    },
    said: () => {
      if (isUntouched()) write(nameOf(id), undefined);
    },
    lost: () => {
      if (isUntouched()) keepDraft(sent, id);
    },
  };
}
